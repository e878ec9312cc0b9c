//! The signed policy envelope's payload (PLATFORM.md EM-ENVELOPE): what the Manager signs and a client verifies.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// The `typ` of the envelope's header.
pub const TYP: &str = "toolhive-config+jwt";

/// The claims of the compact JWS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// The Manager's resource URL.
    pub iss: String,
    /// When it was signed (RFC 3339).
    #[serde(with = "rfc3339")]
    pub issued_at: Timestamp,
    /// When it ends: `issued_at` and the envelope's TTL (RFC 3339).
    #[serde(with = "rfc3339")]
    pub not_after: Timestamp,
    /// How often a client polls: a Go duration.
    pub refresh_interval: String,
    /// The directives by name, as they stand in the policy.
    pub config: Map<String, Json>,
}

mod rfc3339 {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_wire_names_and_forms() {
        let payload = Payload {
            iss: "https://config.example.com".into(),
            issued_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2026-01-02T00:00:00Z".parse().unwrap(),
            refresh_interval: "5m".into(),
            config: Map::new(),
        };
        let wire = serde_json::to_value(&payload).unwrap();
        assert_eq!(
            wire,
            json!({
                "iss": "https://config.example.com",
                "issued_at": "2026-01-01T00:00:00Z",
                "not_after": "2026-01-02T00:00:00Z",
                "refresh_interval": "5m",
                "config": {},
            })
        );
        assert_eq!(serde_json::from_value::<Payload>(wire).unwrap(), payload);
    }
}
