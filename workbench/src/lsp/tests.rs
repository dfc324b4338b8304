use super::*;
use crate::json::{Value, json};

const FILE: &str = "V10\nKaccess hash /etc/mail/access\nSParse_it\nR$* $=w\t$: $>Other $1 \u{e4} ${site}\n\
SOther\nR$+\t$#esmtp $@ $1 $: $(access $1 $)\nMesmtp, P=[IPC], A=TCP $h\nD{site}x\nO LogLevel= 9\nRx\n";

const URI: &str = "file:///x.cf";

fn call(server: &mut Server, method: &str, parameters: &Value) -> Value {
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": parameters });
    let mut step = server.message(message.to_string().as_bytes());
    assert_eq!(step.send.len(), 1);
    step.send.remove(0)
}

fn tell(server: &mut Server, method: &str, parameters: &Value) -> Vec<Value> {
    let message = json!({ "jsonrpc": "2.0", "method": method, "params": parameters });
    server.message(message.to_string().as_bytes()).send
}

fn started(capabilities: &Value) -> (Server, Vec<Value>) {
    let mut server = Server::default();
    call(&mut server, "initialize", &json!({ "capabilities": capabilities }));
    let document = json!({ "textDocument": { "uri": URI, "version": 1, "text": FILE } });
    let said = tell(&mut server, "textDocument/didOpen", &document);
    (server, said)
}

/// The place of a text, in UTF-16.
fn at(needle: &str) -> Value {
    let before = &FILE[..FILE.find(needle).unwrap()];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let character: usize = before[start..].chars().map(char::len_utf16).sum();
    json!({
        "textDocument": { "uri": URI },
        "position": { "line": line, "character": character },
        "context": { "includeDeclaration": true },
    })
}

#[test]
fn diagnostics_of_what_was_opened_and_changed() {
    let (mut server, said) = started(&json!({}));
    insta::assert_snapshot!(serde_json::to_string(&said).unwrap());
    let change = json!({
        "textDocument": { "uri": URI, "version": 2 },
        "contentChanges": [{
            "range": { "start": { "line": 9, "character": 0 }, "end": { "line": 10, "character": 0 } },
            "text": "",
        }],
    });
    let said = tell(&mut server, "textDocument/didChange", &change);
    let diagnostics = said[0].pointer("/params/diagnostics").unwrap();
    assert!(!diagnostics.to_string().contains("BP0101"), "{diagnostics}");
    assert_eq!(said[0].pointer("/params/version"), Some(&json!(2)));
}

#[test]
fn hovers() {
    let (mut server, _) = started(&json!({}));
    let mut shown = String::new();
    for place in ["Other $1", "w\t$:", "esmtp $@", "site}\nSOther", "$* $=w", "LogLevel", "V10"] {
        let answer = call(&mut server, "textDocument/hover", &at(place));
        let text = answer.pointer("/result/contents/value").and_then(Value::as_str);
        shown += &format!("=== {place:?}\n{}\n", text.unwrap_or("-"));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn places_count_utf16_or_bytes() {
    let (mut server, _) = started(&json!({}));
    let place = call(&mut server, "textDocument/definition", &at("site}\nSOther"));
    insta::assert_snapshot!(place["result"].to_string());
    let uses = call(&mut server, "textDocument/references", &at("{site}x"));
    let starts = |uses: &Value| -> Vec<Value> {
        uses["result"].as_array().unwrap().iter().map(|l| l["range"]["start"].clone()).collect()
    };
    let character = |value: &Value| value["character"].as_u64().unwrap();
    let in_utf16 = starts(&uses);
    let (mut server, _) =
        started(&json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } }));
    let in_bytes = starts(&call(&mut server, "textDocument/references", &at("{site}x")));
    assert_eq!(character(&in_bytes[0]), character(&in_utf16[0]) + 1, "the letter takes two bytes");
    assert_eq!(in_bytes[1], in_utf16[1]);
}

#[test]
fn renaming() {
    let (mut server, _) = started(&json!({}));
    let mut rename = |place: &str, new: &str| {
        let mut parameters = at(place);
        parameters["newName"] = json!(new);
        let answer = call(&mut server, "textDocument/rename", &parameters);
        match answer.get("error") {
            Some(error) => error["message"].as_str().unwrap().to_owned(),
            None => {
                let edits = answer.pointer("/result/changes").unwrap()[URI].clone();
                let edits = edits.as_array().unwrap().iter().map(|edit| {
                    let line = edit["range"]["start"]["line"].as_u64().unwrap() + 1;
                    format!("{line} {}", edit["newText"].as_str().unwrap())
                });
                edits.collect::<Vec<_>>().join(", ")
            }
        }
    };
    assert_eq!(rename("Other $1", "Better"), "4 Better, 5 Better");
    assert_eq!(rename("{site}x", "q"), "4 q, 8 q");
    assert_eq!(rename("{site}x", "${place}"), "4 {place}, 8 {place}");
    assert_eq!(rename("access $1", "acl"), "2 acl, 6 acl");
    assert_eq!(rename("esmtp, P", "tls"), "6 tls, 7 tls");
    assert_eq!(rename("Other $1", "Parse_it"), "there is a ruleset of that name");
    assert_eq!(rename("Other $1", "3x"), "no name for a ruleset");
    assert_eq!(rename("w\t$:", "x"), "sendmail itself knows this class by its name");
    assert_eq!(rename("LogLevel", "x"), "sendmail itself knows this option by its name");
    assert_eq!(rename("V10", "x"), "there is no name here");
}

/// Makes the edits of an answer.
fn edited(text: &str, edits: &Value) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for edit in edits.as_array().unwrap().iter().rev() {
        let line =
            |end: &str| usize::try_from(edit["range"][end]["line"].as_u64().unwrap()).unwrap();
        assert_eq!(edit["range"]["start"]["character"], 0);
        assert_eq!(edit["range"]["end"]["character"], 0);
        let new = edit["newText"].as_str().unwrap().to_owned();
        lines.splice(line("start")..line("end"), [new]);
    }
    lines.concat()
}

#[test]
fn formatting_is_what_fmt_does() {
    let (mut server, _) = started(&json!({}));
    let answer = call(&mut server, "textDocument/formatting", &at("V10"));
    let expected = String::from_utf8(crate::layout::format(FILE.as_bytes()).unwrap()).unwrap();
    assert_eq!(edited(FILE, &answer["result"]), expected);
    assert_ne!(FILE, expected);
}

#[test]
fn the_conversation() {
    let mut server = Server::default();
    let answer = call(&mut server, "textDocument/hover", &at("V10"));
    assert_eq!(answer["error"]["code"], -32002);
    assert_eq!(server.message(b"{").send[0]["error"]["code"], -32700);
    call(&mut server, "initialize", &json!({}));
    assert_eq!(call(&mut server, "x/y", &json!({}))["error"]["code"], -32601);
    assert_eq!(tell(&mut server, "initialized", &json!({})), Vec::<Value>::new());
    let end = |server: &mut Server| server.message(br#"{"method":"exit"}"#).exit;
    assert_eq!(end(&mut server.clone()), Some(1));
    assert_eq!(call(&mut server, "shutdown", &json!({}))["result"], Value::Null);
    assert_eq!(end(&mut server), Some(0));
}
