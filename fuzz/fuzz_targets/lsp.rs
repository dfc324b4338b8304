//! The language server: whatever an editor sends, in frames or not, is answered; the layout of a document
//! says the same and is its own layout.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use workbench::lsp::{Decoder, Server};

fuzz_target!(|data: &[u8]| {
    let mut decoder = Decoder::default();
    decoder.feed(data);
    let mut server = Server::default();
    let mut tell = |message: serde_json::Value| server.message(message.to_string().as_bytes());
    tell(json!({ "id": 1, "method": "initialize" }));
    let text = String::from_utf8_lossy(data);
    let document = json!({ "uri": "x", "version": 1, "text": text });
    tell(json!({ "method": "textDocument/didOpen", "params": { "textDocument": document } }));
    // A place in the text, chosen by it.
    let number = |at: usize| data.get(at).copied().unwrap_or(0);
    let position = json!({ "line": number(0) % 8, "character": number(1) % 32 });
    let parameters = json!({ "textDocument": { "uri": "x" }, "position": position, "newName": "x9" });
    for method in ["hover", "definition", "references", "documentSymbol", "rename", "formatting"] {
        tell(json!({ "id": 2, "method": format!("textDocument/{method}"), "params": parameters }));
    }
    let end = json!({ "line": number(2), "character": number(3) });
    let change = json!({ "range": { "start": position, "end": end }, "text": "y" });
    let parameters = json!({ "textDocument": { "uri": "x" }, "contentChanges": [change] });
    tell(json!({ "method": "textDocument/didChange", "params": parameters }));
    while let Ok(Some(message)) = decoder.next_message() {
        let _ = server.message(&message);
    }
    let laid = workbench::layout::format(data).expect("a layout that says the same");
    let again = workbench::layout::format(&laid).expect("a layout of a layout");
    assert_eq!(laid, again, "the layout does not settle");
});
