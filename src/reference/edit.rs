//! Edits of a JSON document by JSON pointer (RFC 6901). What is missing on the way is made; what cannot be there,
//! such as a member of a number, takes the place of what is.

use serde_json::{Map, Value as Json};

use super::fault::Edits;

impl Edits {
    /// First what is set, then what is left out.
    pub(super) fn apply(&self, document: &mut Json) {
        for (pointer, value) in &self.set {
            set(document, pointer, value.clone());
        }
        for pointer in &self.without {
            remove(document, pointer);
        }
    }
}

fn set(document: &mut Json, pointer: &str, value: Json) {
    let mut place = document;
    for token in tokens(pointer) {
        place = member(place, token);
    }
    *place = value;
}

/// The member of a name or number, made if it is not there; `-` is one behind the last item.
fn member(place: &mut Json, token: String) -> &mut Json {
    let index = match place {
        Json::Array(items) if token == "-" => Some(items.len()),
        Json::Array(items) => token.parse().ok().filter(|index| *index <= items.len()),
        _ => None,
    };
    match (index, &place) {
        (Some(_), _) | (None, Json::Object(_)) => {}
        _ => *place = Json::Object(Map::new()),
    }
    match (place, index) {
        (Json::Array(items), Some(index)) => {
            if index == items.len() {
                items.push(Json::Null);
            }
            #[expect(clippy::indexing_slicing, reason = "the item was just made if it was not there")]
            &mut items[index]
        }
        (Json::Object(members), _) => members.entry(token).or_insert(Json::Null),
        (other, _) => other,
    }
}

fn remove(document: &mut Json, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        *document = Json::Null;
        return;
    };
    match document.pointer_mut(parent) {
        Some(Json::Object(members)) => {
            members.shift_remove(&unescaped(last));
        }
        Some(Json::Array(items)) => {
            if let Some(index) = last.parse().ok().filter(|index: &usize| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(unescaped)
}

/// `~1` is a slash and `~0` a tilde, in this order (RFC 6901 §4).
fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pointers_set_make_and_remove() {
        for (set, without, expected) in [
            (json!({ "/keys/0/kid": 7 }), &[][..], json!({ "keys": [{ "kid": 7 }, { "kid": "b" }], "n": 1 })),
            (json!({ "/keys/-": 7 }), &["/keys/0"], json!({ "keys": [{ "kid": "b" }, 7], "n": 1 })),
            (
                json!({ "/keys/2": 7 }),
                &["/keys/9"],
                json!({ "keys": [{ "kid": "a" }, { "kid": "b" }, 7], "n": 1 }),
            ),
            (json!({ "/a~1b/~0c": [] }), &["/keys", "/n"], json!({ "a/b": { "~c": [] } })),
            (json!({ "/n/deep": true }), &["/keys", "/absent/x"], json!({ "n": { "deep": true } })),
            (json!({ "/keys/x": 1 }), &["/n"], json!({ "keys": { "x": 1 } })),
            (json!({ "": [1] }), &[], json!([1])),
            (json!({}), &[""], Json::Null),
        ] {
            let mut document = json!({ "keys": [{ "kid": "a" }, { "kid": "b" }], "n": 1 });
            let Json::Object(set) = set else { unreachable!() };
            Edits { set, without: without.iter().map(|pointer| (*pointer).to_owned()).collect() }
                .apply(&mut document);
            assert_eq!(document, expected);
        }
    }
}
