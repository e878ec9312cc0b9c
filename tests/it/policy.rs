//! `touchstone policy` as a user meets it: files in, words, files and exit codes out.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("touchstone-policy-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// Runs the program in the folder: exit code, standard output, standard error.
    fn run(&self, arguments: &str, input: &str) -> (i32, String, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_touchstone"))
            .arg("policy")
            .args(arguments.split_whitespace())
            .current_dir(&self.0)
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Whoever reads no input closes it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const SERVER: &str = "
apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPOIDCConfig
metadata: {name: idp, namespace: engineering}
spec: {type: inline, inline: {issuer: https://idp.example.com}}
---
apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPServer
metadata: {name: github, namespace: engineering}
spec: {oidcConfigRef: {name: idp, audience: api://github}}
";

const ACCESS: &str = "
apiVersion: platform.enterprise.stacklok.com/v1alpha1
kind: ClusterPlatformRoleBinding
metadata: {name: people}
spec:
  bindings:
    - roleRef: {kind: ClusterPlatformRole, name: reader}
      from: [{groups: [viewers]}]
    - roleRef: {kind: ClusterPlatformRole, name: writer}
      from: [{roles: [admin]}]
---
apiVersion: toolhive.enterprise.stacklok.com/v1alpha1
kind: ToolhiveAuthorizationPolicy
metadata: {name: access, namespace: engineering}
spec:
  targetRef: {name: github}
  bindings:
    - roleRef: {kind: ClusterPlatformRole, name: reader}
      toolHintFilter: {readOnlyHint: true}
    - roleRef: {kind: ClusterPlatformRole, name: writer}
  deny:
    - {actions: [call_tool], tools: [delete_repo]}
";

const SUBJECTS: &str = "
- {name: '=ann', roles: [admin]}
- {name: bob, groups: [viewers]}
";

const INVENTORY: &str = "
- namespace: engineering
  server: github
  tools: [{name: search, readOnlyHint: true}, {name: issue_write}, {name: delete_repo, destructiveHint: true}]
  prompts: ['say \"hi\", all']
- namespace: engineering
  server: gone
  resources: ['file:///a']
";

fn world(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("manifests/server.yaml", SERVER);
    folder.write("manifests/deep/access.yml", ACCESS);
    folder.write("subjects.yaml", SUBJECTS);
    folder.write("inventory.yaml", INVENTORY);
    folder
}

const MATRIX: &str = "matrix --manifests manifests --subjects subjects.yaml --inventory inventory.yaml";

#[test]
fn a_matrix_has_a_row_for_everybody_and_everything() {
    let folder = world("matrix");
    let (code, out, err) = folder.run(&format!("{MATRIX} --format csv"), "");
    assert_eq!(code, 0, "{err}");
    assert_eq!(
        out,
        "subject,namespace,kind,server,action,resource,decision\n\
         =ann,engineering,MCPServer,github,call_tool,delete_repo,deny\n\
         =ann,engineering,MCPServer,github,call_tool,issue_write,allow\n\
         =ann,engineering,MCPServer,github,call_tool,search,allow\n\
         =ann,engineering,MCPServer,github,get_prompt,\"say \"\"hi\"\", all\",allow\n\
         =ann,engineering,MCPServer,gone,read_resource,file:///a,deny\n\
         bob,engineering,MCPServer,github,call_tool,delete_repo,deny\n\
         bob,engineering,MCPServer,github,call_tool,issue_write,deny\n\
         bob,engineering,MCPServer,github,call_tool,search,allow\n\
         bob,engineering,MCPServer,github,get_prompt,\"say \"\"hi\"\", all\",allow\n\
         bob,engineering,MCPServer,gone,read_resource,file:///a,deny\n",
    );
    assert!(err.contains("the manifests have no server `engineering/MCPServer/gone`"), "{err}");

    let (code, text, _) = folder.run(MATRIX, "");
    assert_eq!(code, 0);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("issue_write") && text.contains("yes"), "{text}");

    let (_, json, _) = folder.run(&format!("{MATRIX} --format json"), "");
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 10);
    assert_eq!(rows[0]["decision"], "deny");
}

/// The tenant of the scenarios, with an issuer for the MCP servers. Whose tokens the server takes is `server.yaml`'s.
const TENANT: &str = include_str!("../../scenarios/tenants/okta-mcp.yaml");

fn tenant_world(name: &str) -> Folder {
    let folder = world(name);
    let server = SERVER
        .replace("https://idp.example.com", "https://acme.okta.com/oauth2/aus1mcp")
        .replace("api://github", "mcp-servers");
    folder.write("manifests/server.yaml", &server);
    folder.write("manifests/deep/access.yml", &ACCESS.replace("viewers", "engineering"));
    folder.write("subjects.yaml", TENANT);
    folder
}

/// What somebody may do at the server, by the rows of a CSV.
fn allowed<'r>(rows: &'r str, login: &str) -> Vec<&'r str> {
    let of_server = format!("{login},engineering,MCPServer,github,");
    let rows = rows.lines().filter_map(|row| row.strip_prefix(of_server.as_str()));
    rows.filter_map(|row| row.strip_suffix(",allow")).collect()
}

#[test]
fn the_users_of_a_tenant_have_what_their_tokens_would_say() {
    let folder = tenant_world("tenant");
    let (code, rows, err) = folder.run(&format!("{MATRIX} --format csv"), "");
    assert_eq!(code, 0, "{err}");
    assert_eq!(rows.lines().count(), 1 + 4 * 5, "{rows}");
    assert_eq!(
        allowed(&rows, "ann@acme.test"),
        ["call_tool,issue_write", "call_tool,search", "get_prompt,\"say \"\"hi\"\", all\""]
    );
    assert_eq!(allowed(&rows, "bob@acme.test"), ["call_tool,search", "get_prompt,\"say \"\"hi\"\", all\""]);
    assert_eq!(allowed(&rows, "dan@acme.test"), [""; 0]);

    let explain =
        "explain --manifests manifests --server engineering/github --action call_tool --resource issue_write";
    let of =
        |login: &str| folder.run(&format!("{explain} --subject-file subjects.yaml --subject {login}"), "");
    let (code, out, err) = of("ann@acme.test");
    assert!(code == 0 && out.contains("Allowed, because") && out.contains("role `admin`"), "{out}{err}");
    let (code, out, _) = of("bob@acme.test");
    assert!(code == 0 && out.contains("Denied, because"), "{out}");
    let (code, _, err) = of("bob@acme.tset");
    assert!(code == 2 && err.contains("did you mean `bob@acme.test`?"), "{err}");
    let (code, _, err) = of("bob");
    assert!(code == 2 && err.contains("did you mean `bob@acme.test`?"), "{err}");

    folder.write("new/server.yaml", &folder.read("manifests/server.yaml"));
    folder.write("new/access.yaml", &ACCESS.replace("[admin]", "[viewer]"));
    let (_, out, err) =
        folder.run("diff manifests new --subjects subjects.yaml --inventory inventory.yaml", "");
    assert!(out.contains("+ bob@acme.test may call_tool issue_write"), "{out}{err}");
    assert!(out.contains("- ann@acme.test may no longer call_tool issue_write"), "{out}{err}");
}

#[test]
fn tokens_that_nobody_gets_and_tokens_that_differ_are_told() {
    let folder = tenant_world("tokens");
    folder
        .write("manifests/server.yaml", &folder.read("manifests/server.yaml").replace("aus1mcp", "aus2mcp"));
    let (code, out, err) = folder.run(MATRIX, "");
    assert_eq!((code, out.as_str()), (2, ""));
    for words in [
        "no user of the tenant gets a token",
        "aus2mcp",
        "they get: issuer `https://acme.okta.com/oauth2/aus1mcp`, audience `mcp-servers`",
    ] {
        assert!(err.contains(words), "{words}: {err}");
    }

    // The roles come with a scope that one of the applications may not ask for.
    let folder = tenant_world("differ");
    let any = "value: user.roles, include_in: Any scope }";
    folder.write("subjects.yaml", &TENANT.replace(any, "value: user.roles, include_in: [profile] }"));
    let (code, _, err) = folder.run(MATRIX, "");
    assert!(
        code == 2
            && err.contains("what the tokens of `ann@acme.test` for")
            && err.contains("scopes `profile`: groups engineering, mcp-admin; roles admin"),
        "{err}"
    );
    let (code, _, err) = folder.run(&format!("{MATRIX} --client 0oaclitouchstone2"), "");
    assert!(code == 2 && err.contains("did you mean `0oaclitouchstone1`?"), "{err}");

    // Bob is assigned to no application.
    let folder = tenant_world("assigned");
    folder.write("subjects.yaml", &TENANT.replace("assignments: Everyone", "assignments: [mcp-admin]"));
    let (code, rows, err) = folder.run(&format!("{MATRIX} --format csv"), "");
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("`bob@acme.test` gets no token for `engineering/MCPServer/github`"), "{err}");
    assert_eq!(allowed(&rows, "bob@acme.test"), [""; 0]);
    assert!(!allowed(&rows, "ann@acme.test").is_empty());
}

#[test]
fn no_name_becomes_markup_or_steers_a_terminal() {
    let folder = world("hostile");
    folder.write("subjects.yaml", r#"[{name: "<script>alert(1)</script>\e[31m", roles: [admin]}]"#);
    let (code, page, _) = folder.run(&format!("{MATRIX} --format html"), "");
    assert_eq!(code, 0);
    assert!(!page.contains("<script") && page.contains("&#60;script"), "{page}");
    let (_, text, _) = folder.run(MATRIX, "");
    assert!(!page.contains('\u{1b}') && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn mistakes_in_subjects_and_inventory_are_told_at_once() {
    let folder = world("typos");
    folder.write("subjects.yaml", "- {name: ann, group: [a]}\n");
    folder.write("inventory.yaml", "- {namespace: a, servr: b}\n");
    let (code, out, err) = folder.run(MATRIX, "");
    assert_eq!((code, out.as_str()), (2, ""));
    for words in
        ["a subject has no `group`", "did you mean `groups`?", "did you mean `server`?", "subjects.yaml:1:15"]
    {
        assert!(err.contains(words), "{words}: {err}");
    }
    folder.write("subjects.yaml", "users: []\n");
    folder.write("inventory.yaml", INVENTORY);
    let (code, _, err) = folder.run(MATRIX, "");
    assert!(code == 2 && err.contains("expected a list of subjects, found a map"), "{err}");
    folder.write("subjects.yaml", "provider: okta\ndomane: acme.okta.com\n");
    let (code, _, err) = folder.run(MATRIX, "");
    assert!(code == 2 && err.contains("did you mean `domain`?") && err.contains("subjects.yaml:2"), "{err}");
}

#[test]
fn compile_writes_a_server_whole_or_leaves_it_alone() {
    let folder = world("compile");
    let (code, out, err) = folder.run("compile manifests --out cedar", "");
    assert_eq!(code, 0, "{err}");
    assert_eq!(out.lines().count(), 3, "{out}");
    let cedar = folder.read("cedar/engineering/MCPServer/github.cedar");
    assert!(cedar.contains("permit"), "{cedar}");
    folder.read("cedar/engineering/MCPServer/github.cedarschema");
    folder.read("cedar/engineering/MCPServer/github.entities.json");

    let (code, _, err) = folder.run("compile manifests --out hive --output toolhive", "");
    assert_eq!(code, 0, "{err}");
    assert!(folder.read("hive/engineering/MCPServer/github.json").contains("cedarv1"));

    folder
        .write("manifests/deep/access.yml", &ACCESS.replace("name: writer}\n  deny", "name: wrter}\n  deny"));
    let (code, out, err) = folder.run("compile manifests --out cedar", "");
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    for words in [
        "did you mean `writer`?",
        "access.yml:20",
        "Compiled=False, RoleNotFound",
        "ToolhiveAuthorizationPolicy engineering/access",
    ] {
        assert!(err.contains(words), "{words}: {err}");
    }
    assert_eq!(folder.read("cedar/engineering/MCPServer/github.cedar"), cedar);
    assert_eq!(fs::read_dir(folder.0.join("cedar/engineering/MCPServer")).unwrap().count(), 3);

    let (code, out, err) = folder.run("compile -", &format!("{SERVER}---{ACCESS}"));
    assert_eq!((code, out), (0, cedar), "{err}");
}

/// A deny behind a link counts; a link in a circle ends; what a mounted `ConfigMap` hides is read once.
#[cfg(unix)]
#[test]
fn links_to_folders_are_followed() {
    use std::os::unix::fs::symlink;
    let folder = world("links");
    folder.write(
        "elsewhere/deny.yaml",
        &ACCESS
            .split("---")
            .nth(1)
            .unwrap()
            .replace("name: access", "name: more")
            .replace("delete_repo", "search"),
    );
    symlink("../elsewhere", folder.0.join("manifests/linked")).unwrap();
    symlink(".", folder.0.join("elsewhere/circle")).unwrap();
    symlink("../elsewhere", folder.0.join("manifests/..data")).unwrap();
    let (code, rows, err) = folder.run(&format!("{MATRIX} --format csv"), "");
    assert_eq!(code, 0, "{rows}{err}");
    assert!(rows.contains("=ann,engineering,MCPServer,github,call_tool,search,deny"), "{rows}");
    fs::remove_file(folder.0.join("manifests/linked")).unwrap();
    symlink("../gone", folder.0.join("manifests/linked")).unwrap();
    let (code, _, err) = folder.run("check manifests", "");
    assert!(code == 2 && err.contains("cannot read `manifests/linked`"), "{err}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = world("unreadable");
    fs::create_dir(folder.0.join("empty")).unwrap();
    let (code, out, err) = folder.run("check empty missing.yaml", "");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("`empty` holds no manifest") && err.contains("cannot read `missing.yaml`"), "{err}");
    folder.write("foreign.yaml", "{apiVersion: v1, kind: Secret, metadata: {name: a}}");
    let (code, _, err) = folder.run("check foreign.yaml", "");
    assert!(
        code == 2
            && err.contains(
                "there is no role, role binding, policy or server in these files: skipped 1 Secret"
            ),
        "{err}"
    );
}

#[test]
fn check_wants_the_reading_stated_where_it_matters() {
    let folder = world("check");
    let (code, out, err) = folder.run("check manifests --strict", "");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    folder.write("manifests/deep/access.yml", &ACCESS.replace("[viewers]", "[viewers, others]"));
    let (code, _, err) = folder.run("check manifests", "");
    assert!(code == 2 && err.contains("`--match any` and `--match all` decide differently here"), "{err}");
    for stated in ["any", "all"] {
        assert_eq!(folder.run(&format!("check manifests --strict --match {stated}"), "").0, 0);
    }
    folder.write(
        "manifests/deep/access.yml",
        &ACCESS.replace("      toolHintFilter: {readOnlyHint: true}\n", ""),
    );
    let (code, out, err) = folder.run("check manifests", "");
    assert!(code == 0 && err.contains("equals `writer`") && out.contains("1 warning"), "{out}{err}");
    assert_eq!(folder.run("check manifests --strict", "").0, 1);
    let (_, json, err) = folder.run("check manifests --format json", "");
    let page: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((page["warnings"].as_u64(), err.as_str()), (Some(1), ""));
}

#[test]
fn explain_says_why_and_what_would_change_it() {
    let folder = world("explain");
    let explain = |rest: &str| {
        folder.run(&format!("explain --manifests manifests --server engineering/github --action {rest}"), "")
    };
    let (code, out, err) = explain("call_tool --resource search --groups viewers --read-only true");
    assert_eq!(code, 0, "{err}");
    for words in ["Allowed, because", "access, bindings[0]", "access.yml, line 18", "group `viewers`"] {
        assert!(out.contains(words), "{words}: {out}");
    }
    let (code, out, _) = explain("call_tool --resource search --groups viewers");
    assert_eq!(code, 0);
    for words in ["Denied, because", "`readOnlyHint: true`", "role `admin`"] {
        assert!(out.contains(words), "{words}: {out}");
    }
    let (_, out, _) = explain("call_tool --resource delete_repo --roles admin");
    assert!(out.contains("deny[0] denies it to everybody"), "{out}");
    folder.write("claims.json", r#"{"sub": "bob", "groups": "viewers"}"#);
    let (_, out, err) = explain("get_prompt --resource p --claims claims.json --idp-type okta");
    assert!(out.contains("Denied") && err.contains("not a list of strings"), "{out}{err}");
    folder.write(
        "manifests/hidden.yaml",
        &ACCESS
            .split("---")
            .nth(1)
            .unwrap()
            .replace("name: access", "name: hidden")
            .replace("[call_tool]", "[list_tools]"),
    );
    let (_, out, err) = explain("list_tools --resource delete_repo --roles admin");
    assert!(out.contains("see `delete_repo` by list_tools") && out.contains("Denied, because"), "{out}{err}");
    let (_, out, _) = explain("list_tools --resource search --roles admin");
    assert!(out.contains("Allowed, because"), "{out}");
    let (code, _, err) = explain("call_tol --resource x");
    assert!(code == 2 && err.contains("did you mean `call_tool`?"), "{err}");
    let (code, _, err) =
        folder.run("explain --manifests manifests --server engineering/githib --action list_tools", "");
    assert!(code == 2 && err.contains("did you mean `engineering/github`?"), "{err}");
}

#[test]
fn diff_shows_what_is_wider_and_fails_on_it_when_asked() {
    let folder = world("diff");
    folder.write("new/server.yaml", SERVER);
    folder.write("new/access.yaml", &ACCESS.replace("      toolHintFilter: {readOnlyHint: true}\n", ""));
    let diff = |pair: &str| {
        folder.run(&format!("diff {pair} --subjects subjects.yaml --inventory inventory.yaml"), "")
    };
    let (code, out, err) = diff("manifests new");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("+ bob may call_tool issue_write on engineering/MCPServer/github"), "{out}");
    assert!(out.contains("1 change of 32 decisions: 1 widened, 0 narrowed"), "{out}");
    assert_eq!(diff("manifests new --fail-on-widening").0, 1);
    let (code, out, _) = diff("new manifests --fail-on-widening");
    assert!(code == 0 && out.contains("- bob may no longer call_tool issue_write"), "{out}");
    // Of what the inventory does not have nobody can say that it is no wider.
    folder.write("inventory.yaml", "[{namespace: engineering, kind: MCPServer, server: other}]");
    let (code, _, err) = diff("manifests new --fail-on-widening");
    assert!(code == 1 && err.contains("the inventory does not have that server"), "{err}");
    assert_eq!(diff("manifests manifests --fail-on-widening").0, 0, "nothing changes");
    let (_, json, _) = diff("manifests new --format json");
    let page: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(page["unseen"][0]["change"], "widened", "{page}");
    assert_eq!(page["unseen"][0]["server"], "engineering/MCPServer/github");
    // What a list hid is a change, and one that narrows is no widening.
    folder.write("inventory.yaml", INVENTORY);
    folder.write("hidden/server.yaml", SERVER);
    let hides = "  deny:\n    - {actions: [list_tools], tools: [search]}";
    folder.write("hidden/access.yaml", &ACCESS.replace("  deny:", hides));
    let (code, out, err) = diff("hidden manifests --fail-on-widening");
    assert!(code == 1 && out.contains("+ bob may see search by list_tools on"), "{out}{err}");
    assert_eq!(diff("manifests hidden --fail-on-widening").0, 0);
}
