//! The conversation with the editor.

use std::collections::HashMap;

use super::document::Document;
use super::position::Encoding;
use super::{findings, hover, rename, symbols};
use crate::json::{Value, json};
use crate::layout;
use crate::xref::{Mention, Role};

/// Codes of the protocol for errors.
const PARSE_ERROR: i64 = -32700;
const METHOD_NOT_FOUND: i64 = -32601;
const NOT_INITIALIZED: i64 = -32002;
const REQUEST_FAILED: i64 = -32803;

/// What a message leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// Messages to be sent, in order.
    pub send: Vec<Value>,
    /// The exit status, if the server is to end.
    pub exit: Option<u8>,
}

/// A server and its documents.
#[derive(Clone, Debug, Default)]
pub struct Server {
    documents: HashMap<String, Document>,
    encoding: Encoding,
    initialized: bool,
    shut_down: bool,
}

/// The answer to a request: a result, or why there is none.
type Answer = Result<Value, (i64, String)>;

impl Server {
    /// Takes a message.
    pub fn message(&mut self, bytes: &[u8]) -> Step {
        let Ok(message) = serde_json::from_slice::<Value>(bytes) else {
            return Step {
                send: vec![error(&Value::Null, PARSE_ERROR, "this is no JSON")],
                exit: None,
            };
        };
        let Some(method) = message.get("method").and_then(Value::as_str) else {
            // An answer; nothing is asked of editors.
            return Step::default();
        };
        let parameters = message.get("params").unwrap_or(&Value::Null);
        match message.get("id") {
            Some(id) => {
                let send = match self.request(method, parameters) {
                    Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
                    Err((code, text)) => error(id, code, &text),
                };
                Step { send: vec![send], exit: None }
            }
            None => self.notification(method, parameters),
        }
    }

    fn request(&mut self, method: &str, parameters: &Value) -> Answer {
        if !self.initialized && method != "initialize" {
            return Err((NOT_INITIALIZED, "initialize comes first".to_owned()));
        }
        match method {
            "initialize" => Ok(self.initialize(parameters)),
            "shutdown" => {
                self.shut_down = true;
                Ok(Value::Null)
            }
            "textDocument/hover" => Ok(self.hover(parameters).unwrap_or_default()),
            "textDocument/definition" => Ok(self.definition(parameters).unwrap_or_default()),
            "textDocument/references" => Ok(self.references(parameters).unwrap_or_default()),
            "textDocument/documentHighlight" => Ok(self.highlights(parameters).unwrap_or_default()),
            "textDocument/documentSymbol" => {
                let outline = |document: &Document| symbols::outline(document, self.encoding);
                Ok(self.document(parameters).map(outline).unwrap_or_default())
            }
            "textDocument/prepareRename" => self.prepare_rename(parameters),
            "textDocument/rename" => self.rename(parameters),
            "textDocument/formatting" => self.formatting(parameters),
            _ => Err((METHOD_NOT_FOUND, format!("{method} is not known here"))),
        }
    }

    fn notification(&mut self, method: &str, parameters: &Value) -> Step {
        let document = parameters.get("textDocument").unwrap_or(&Value::Null);
        let uri = document.get("uri").and_then(Value::as_str).unwrap_or_default().to_owned();
        let version = document.get("version").and_then(Value::as_i64);
        match method {
            "exit" => return Step { send: Vec::new(), exit: Some(u8::from(!self.shut_down)) },
            "textDocument/didOpen" => {
                let text = document.get("text").and_then(Value::as_str).unwrap_or_default();
                let document = Document::new(text.as_bytes().to_vec(), version);
                self.documents.insert(uri.clone(), document);
            }
            "textDocument/didChange" => {
                let changes = parameters.get("contentChanges").and_then(Value::as_array);
                let Some(document) = self.documents.get_mut(&uri) else { return Step::default() };
                document.change(changes.map_or(&[][..], |all| all), version, self.encoding);
            }
            "textDocument/didClose" => {
                self.documents.remove(&uri);
                return Step { send: vec![publish(&uri, None, &json!([]))], exit: None };
            }
            _ => return Step::default(),
        }
        let Some(document) = self.documents.get(&uri) else { return Step::default() };
        let found = findings::diagnostics(document, self.encoding);
        Step { send: vec![publish(&uri, document.version, &found)], exit: None }
    }

    fn initialize(&mut self, parameters: &Value) -> Value {
        self.initialized = true;
        let encodings = parameters.pointer("/capabilities/general/positionEncodings");
        let knows_utf8 = encodings
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(|name| name == Encoding::Utf8.name()));
        self.encoding = if knows_utf8 { Encoding::Utf8 } else { Encoding::Utf16 };
        json!({
            "capabilities": {
                "positionEncoding": self.encoding.name(),
                "textDocumentSync": { "openClose": true, "change": 2 },
                "hoverProvider": true,
                "definitionProvider": true,
                "referencesProvider": true,
                "documentHighlightProvider": true,
                "documentSymbolProvider": true,
                "documentFormattingProvider": true,
                "renameProvider": { "prepareProvider": true },
            },
            "serverInfo": { "name": "bangpath", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    fn document(&self, parameters: &Value) -> Option<&Document> {
        self.documents.get(uri(parameters))
    }

    /// The document and the name that a request points at.
    fn mention(&self, parameters: &Value) -> Option<(&Document, &Mention)> {
        let document = self.document(parameters)?;
        let offset = document.offset(parameters, self.encoding)?;
        Some((document, document.reference.mention_at(offset)?))
    }

    fn location(&self, parameters: &Value, document: &Document, mention: &Mention) -> Value {
        let range = document.range(mention.place.start..mention.place.end, self.encoding);
        json!({ "uri": uri(parameters), "range": range })
    }

    fn hover(&self, parameters: &Value) -> Option<Value> {
        let document = self.document(parameters)?;
        let offset = document.offset(parameters, self.encoding)?;
        let (text, bytes) = hover::hover(document, offset)?;
        Some(json!({
            "contents": { "kind": "markdown", "value": text },
            "range": document.range(bytes, self.encoding),
        }))
    }

    fn definition(&self, parameters: &Value) -> Option<Value> {
        let (document, mention) = self.mention(parameters)?;
        let found = document.reference.definitions(&mention.symbol).into_iter();
        Some(found.map(|mention| self.location(parameters, document, mention)).collect())
    }

    fn references(&self, parameters: &Value) -> Option<Value> {
        let (document, mention) = self.mention(parameters)?;
        let all = parameters.pointer("/context/includeDeclaration").and_then(Value::as_bool);
        let wanted = |mention: &&Mention| all != Some(false) || mention.role != Role::Define;
        let found = document.reference.mentions_of(&mention.symbol).filter(wanted);
        Some(found.map(|mention| self.location(parameters, document, mention)).collect())
    }

    fn highlights(&self, parameters: &Value) -> Option<Value> {
        let (document, mention) = self.mention(parameters)?;
        let found = document.reference.mentions_of(&mention.symbol).map(|mention| {
            let writes = matches!(mention.role, Role::Define | Role::Set);
            json!({
                "range": document.range(mention.place.start..mention.place.end, self.encoding),
                "kind": if writes { 3 } else { 2 },
            })
        });
        Some(found.collect())
    }

    fn renamable(&self, parameters: &Value) -> Result<(&Document, &Mention), (i64, String)> {
        let failed = |text: String| (REQUEST_FAILED, text);
        let document =
            self.document(parameters).ok_or_else(|| failed("no such document".into()))?;
        let offset = document.offset(parameters, self.encoding);
        let offset = offset.ok_or_else(|| failed("no such place".into()))?;
        Ok((document, rename::renamable(document, offset).map_err(failed)?))
    }

    fn prepare_rename(&self, parameters: &Value) -> Answer {
        let (document, mention) = self.renamable(parameters)?;
        Ok(json!({
            "range": document.range(mention.place.start..mention.place.end, self.encoding),
            "placeholder": String::from_utf8_lossy(&mention.symbol.name),
        }))
    }

    fn rename(&self, parameters: &Value) -> Answer {
        let (document, mention) = self.renamable(parameters)?;
        let new = parameters.get("newName").and_then(Value::as_str).unwrap_or_default();
        let edits = rename::edits(document, &mention.symbol, new, self.encoding);
        let edits = edits.map_err(|text| (REQUEST_FAILED, text))?;
        Ok(json!({ "changes": { uri(parameters): edits } }))
    }

    fn formatting(&self, parameters: &Value) -> Answer {
        let Some(document) = self.document(parameters) else { return Ok(Value::Null) };
        let laid = layout::format(&document.text);
        let laid = laid.map_err(|error| (REQUEST_FAILED, error.to_string()))?;
        Ok(line_edits(document, &laid, self.encoding))
    }
}

/// An edit for each line that differs; what is behind the last common line is one.
fn line_edits(document: &Document, laid: &[u8], encoding: Encoding) -> Value {
    let mut old: Vec<&[u8]> = document.text.split_inclusive(|byte| *byte == b'\n').collect();
    let mut new: Vec<&[u8]> = laid.split_inclusive(|byte| *byte == b'\n').collect();
    let common = old.len().min(new.len()).saturating_sub(1);
    let (old_end, new_end) = (old.split_off(common), new.split_off(common));
    let mut edits = Vec::new();
    let mut at = 0_usize;
    for (before, after) in old.into_iter().zip(new) {
        if before != after {
            edits.push((at..at + before.len(), after.to_vec()));
        }
        at += before.len();
    }
    let (before, after) = (old_end.concat(), new_end.concat());
    if before != after {
        edits.push((at..at + before.len(), after));
    }
    let edit = |(bytes, new): (std::ops::Range<usize>, Vec<u8>)| {
        json!({
            "range": document.range(bytes, encoding),
            "newText": String::from_utf8_lossy(&new),
        })
    };
    edits.into_iter().map(edit).collect()
}

fn uri(parameters: &Value) -> &str {
    parameters.pointer("/textDocument/uri").and_then(Value::as_str).unwrap_or_default()
}

fn publish(uri: &str, version: Option<i64>, diagnostics: &Value) -> Value {
    json!({
        "jsonrpc": "2.0",
        "method": "textDocument/publishDiagnostics",
        "params": { "uri": uri, "version": version, "diagnostics": diagnostics },
    })
}

fn error(id: &Value, code: i64, text: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": text } })
}
