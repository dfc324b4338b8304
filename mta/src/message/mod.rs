//! L2: the message: envelope, header, body.

pub mod address_list;
pub mod body;
pub mod date;
pub mod defaults;
pub mod envelope;
pub mod field_kind;
pub mod full_name;
pub mod header;
pub mod mime;
pub mod output;
pub mod xtext;
