//! The image: this executable, and the libraries that it is linked with, on nothing.
//!
//! It is named by the digest of its content, so it is built once. Those that are older go when a new one comes.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use aws_lc_rs::digest::{Context, SHA256};
use testcontainers::{
    GenericBuildableImage,
    bollard::{
        Docker,
        query_parameters::{ListImagesOptionsBuilder, RemoveImageOptionsBuilder},
    },
    core::BuildImageOptions,
    runners::AsyncBuilder as _,
};

use super::{
    engine::in_time,
    failure::{EngineError, innermost},
};

/// What an image of ours is called, and labelled with.
const NAME: &str = "touchstone";
const LABEL: &str = "touchstone.image";

/// Digits of the digest that make a tag.
const TAG: usize = 16;

/// Nobody by name; a scratch image has no list of users.
const DOCKERFILE: &str = r#"FROM scratch
COPY files /
LABEL touchstone.image=built
USER 65532:65532
EXPOSE 443 8443 8444
ENTRYPOINT ["/touchstone"]
CMD ["component"]
"#;

/// Builds the image of this executable, unless it is there. Its name.
pub(super) async fn of_this_executable(docker: &Docker) -> Result<String, EngineError> {
    let files = tokio::task::spawn_blocking(files)
        .await
        .map_err(|error| EngineError::NotContained(error.to_string()))??;
    let tag = files.tag;
    let name = format!("{NAME}:{tag}");
    if in_time(docker.inspect_image(&name)).await.is_ok() {
        return Ok(name);
    }
    let mut image = GenericBuildableImage::new(NAME, &tag).with_dockerfile_string(DOCKERFILE);
    for (source, target) in files.list {
        image = image.with_file(source, format!("files{target}"));
    }
    // Two runs that begin together build the same.
    let built = image.build_image_with(BuildImageOptions::new().with_skip_if_exists(true)).await;
    let _ = built.map_err(|error| {
        let text = innermost(&error);
        let full = text.contains("no space left");
        if full { EngineError::DiskFull(text) } else { EngineError::NotContained(text) }
    })?;
    remove(docker, Some(&name)).await?;
    Ok(name)
}

/// Removes the images that were built here and that no container uses, but not this one.
pub(super) async fn remove(docker: &Docker, but: Option<&str>) -> Result<Vec<String>, EngineError> {
    let filters = [("label", vec![LABEL])].into_iter().collect();
    let options = ListImagesOptionsBuilder::new().filters(&filters).build();
    let mut removed = Vec::new();
    for image in in_time(docker.list_images(Some(options))).await? {
        for name in image.repo_tags.iter().filter(|name| is_ours(name) && but != Some(name.as_str())) {
            let options = RemoveImageOptionsBuilder::new().build();
            // One that a run beside this one uses stays.
            if in_time(docker.remove_image(name, Some(options), None)).await.is_ok() {
                removed.push(name.clone());
            }
        }
    }
    Ok(removed)
}

/// A name that was given here: a person's own name for an image is theirs.
fn is_ours(name: &str) -> bool {
    let tag = name.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(':'));
    tag.is_some_and(|tag| tag.len() == TAG && tag.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What goes into the image, and the tag that its content gives.
struct Files {
    /// Where it is here, where it will be there.
    list: Vec<(PathBuf, String)>,
    tag: String,
}

fn files() -> Result<Files, EngineError> {
    let executable = std::env::current_exe()
        .map_err(|error| EngineError::NotContained(format!("it has no path: {error}")))?;
    if !cfg!(target_os = "linux") {
        return Err(EngineError::NotContained("containers run Linux, and it is for another system".into()));
    }
    let mut list = vec![(executable.clone(), "/touchstone".to_owned())];
    for library in libraries(&executable)? {
        let real = Path::new(&library).canonicalize();
        let real = real.map_err(|error| EngineError::NotContained(format!("`{library}`: {error}")))?;
        list.push((real, library));
    }
    let mut digest = Context::new(&SHA256);
    digest.update(DOCKERFILE.as_bytes());
    for (source, target) in &list {
        let content = std::fs::read(source);
        let content =
            content.map_err(|error| EngineError::NotContained(format!("`{}`: {error}", source.display())))?;
        digest.update(target.as_bytes());
        digest.update(&content.len().to_le_bytes());
        digest.update(&content);
    }
    let mut tag = String::new();
    for byte in digest.finish().as_ref().iter().take(TAG / 2) {
        let _ = write!(tag, "{byte:02x}");
    }
    Ok(Files { list, tag })
}

/// The libraries that the loader would take, and the loader.
fn libraries(executable: &Path) -> Result<Vec<String>, EngineError> {
    let output = Command::new("ldd").arg(executable).output();
    let output = output.map_err(|error| {
        EngineError::NotContained(format!("`ldd` is needed to find its libraries: {error}"))
    })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        // Linked with everything: nothing more is needed.
        if said.contains("statically linked") || complaint.contains("not a dynamic executable") {
            return Ok(Vec::new());
        }
        return Err(EngineError::NotContained(format!("`ldd` says: {}", complaint.trim())));
    }
    paths(&said)
}

/// Lines are `name => /path (address)`, for the loader itself `/path (address)`.
fn paths(said: &str) -> Result<Vec<String>, EngineError> {
    let mut paths = Vec::new();
    for line in said.lines() {
        if line.contains("not found") {
            return Err(EngineError::NotContained(format!("a library is missing: {}", line.trim())));
        }
        paths.extend(line.split_whitespace().find(|word| word.starts_with('/')).map(str::to_owned));
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_and_the_loader_are_found_in_what_ldd_says() {
        let said = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x0000)\n\t/lib64/ld-linux-x86-64.so.2 (0x0000)\n";
        assert_eq!(paths(said).unwrap(), ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"]);
        let error = paths("\tlibssl.so.3 => not found\n").unwrap_err();
        assert!(error.to_string().contains("libssl.so.3 => not found"), "{error}");
    }

    #[test]
    fn a_persons_name_for_an_image_is_theirs() {
        assert!(is_ours("touchstone:356017d0c1ad32a9"));
        for other in
            ["touchstone:latest", "mine:356017d0c1ad32a9", "touchstone:356017d0c1ad32a9x", "touchstone"]
        {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn the_executable_of_this_test_can_become_an_image() {
        let files = files().unwrap();
        assert!(files.list.iter().any(|(_, target)| target == "/touchstone"));
        assert!(files.list.iter().all(|(source, _)| source.is_file()), "{:?}", files.list);
        assert_eq!(files.tag.len(), TAG);
    }
}
