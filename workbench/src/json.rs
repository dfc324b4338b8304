//! What tools print for machines: objects of JSON, one a line (`docs/json.md`).

pub use serde_json::{Map, Value, json};

/// Text: a string, or if it is not UTF-8 an object with its octets, `{"hex": "ff41"}`: nothing is lost.
#[must_use]
pub fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "hex": hex })
        }
    }
}

/// Several texts.
#[must_use]
pub fn texts(texts: &[Vec<u8>]) -> Value {
    texts.iter().map(|bytes| text(bytes)).collect()
}

/// An object as a line.
#[must_use]
pub fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_kept() {
        assert_eq!(text("grüße".as_bytes()), json!("grüße"));
        assert_eq!(text(b"\xffA"), json!({ "hex": "ff41" }));
        assert_eq!(line(&json!({ "b": 1, "a": text(b"x\n") })), b"{\"a\":\"x\\n\",\"b\":1}\n");
    }
}
