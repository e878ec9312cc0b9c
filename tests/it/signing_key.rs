//! EM-KEY: what `openssl` writes is taken, everything else is refused with advice and without its content.

use std::{fs, path::Path};

use expect_test::expect;
use touchstone::{
    model::identifier::KeyId,
    reference::enterprise_manager::{SigningKey, SigningKeys, exposure},
};

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys").join(name)).unwrap()
}

fn refusal(pem: &str) -> String {
    let error = SigningKey::from_pem(pem).unwrap_err().to_string();
    for line in pem.lines().filter(|line| !line.is_empty()) {
        assert!(!error.contains(line), "the file's content is shown: {error}");
    }
    error
}

#[test]
fn every_form_of_one_key_gives_the_same_kid() {
    let sec1 = SigningKey::from_pem(&fixture("p256-sec1.pem")).unwrap();
    for name in ["p256-sec1-with-parameters.pem", "p256-pkcs8.pem"] {
        assert_eq!(SigningKey::from_pem(&fixture(name)).unwrap().kid(), sec1.kid(), "{name}");
    }
    let crlf = fixture("p256-sec1.pem").replace('\n', "\r\n");
    assert_eq!(SigningKey::from_pem(&crlf).unwrap().kid(), sec1.kid());
    assert_eq!(format!("{sec1:?}"), format!("SigningKey({})", sec1.kid()));
}

#[test]
fn other_keys_are_refused_by_name() {
    for (name, expected) in [
        ("p384-sec1.pem", "the signing key is on the curve P-384"),
        ("p384-pkcs8.pem", "the signing key is on the curve P-384"),
        ("p521-sec1.pem", "the signing key is on the curve P-521"),
        ("secp256k1-sec1.pem", "the signing key is on the curve secp256k1"),
        ("rsa-pkcs8.pem", "the signing key is an RSA key"),
        ("rsa-pkcs1.pem", "the signing key is an RSA key"),
        ("ed25519.pem", "the signing key is an Ed25519 key"),
        ("p256-encrypted.pem", "the signing key is encrypted"),
        ("p256-encrypted-sec1.pem", "the signing key is encrypted"),
        ("p256-public.pem", "the file holds no private key"),
    ] {
        let refusal = refusal(&fixture(name));
        assert!(refusal.starts_with(expected), "{name}: {refusal}");
        assert!(
            refusal.contains("`openssl ecparam -name prime256v1 -genkey -noout"),
            "{name}: no advice: {refusal}"
        );
    }
}

#[test]
fn damaged_files_are_refused() {
    let whole = fixture("p256-sec1.pem");
    for broken in [
        String::new(),
        "not PEM at all".to_owned(),
        whole.replace("-----END EC PRIVATE KEY-----", ""),
        whole.replacen('A', "!", 1),
        whole.lines().take(2).chain(["-----END EC PRIVATE KEY-----"]).collect::<Vec<_>>().join("\n"),
    ] {
        assert!(refusal(&broken).starts_with("the signing key is no readable PEM file"), "{broken}");
    }
    let missing = SigningKey::read(Path::new("no/such/signing.pem")).unwrap_err();
    assert!(
        missing.to_string().starts_with("cannot read the signing key `no/such/signing.pem`"),
        "{missing}"
    );
}

#[test]
fn a_seed_gives_its_key_again() {
    let key = SigningKey::from_seed([42; 32]).unwrap();
    assert_eq!(key.kid(), SigningKey::from_seed([42; 32]).unwrap().kid());
    assert_ne!(key.kid(), SigningKey::from_seed([43; 32]).unwrap().kid());
    expect![[r#"{"kty":"EC","crv":"P-256","x":"14b0TNvNf78InMBdQ0YdnbtuSgekwVwaqFJNgKWZ9zg","y":"ow7lLXbpmSfAuaP8XwKVbfDRlHyzYeQicuEDSICFnhw","kid":"JREbM88bCnEv0Fi-F8DqATaKVJC1oucNLcx7M3JwAx4","alg":"ES256","use":"sig"}"#]].assert_eq(&key.public_jwk().to_string());
}

#[test]
fn a_second_key_is_published_behind_the_first() {
    let (signing, published) =
        (SigningKey::from_seed([1; 32]).unwrap(), SigningKey::from_seed([2; 32]).unwrap());
    let kids = [signing.kid().clone(), published.kid().clone()];
    let jwks = SigningKeys { signing, published: Some(published) }.public_jwks();
    assert_eq!(
        jwks.iter().map(|jwk| jwk["kid"].as_str().unwrap()).collect::<Vec<_>>(),
        kids.each_ref().map(KeyId::as_str)
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_everyone_reads_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("signing-{}.pem", std::process::id()));
    fs::write(&path, fixture("p256-sec1.pem")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(exposure(&path).unwrap().contains("chmod 600"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(exposure(&path), None);
    assert!(SigningKey::read(&path).is_ok());
    assert_eq!(exposure(Path::new("no/such/file")), None);
}
