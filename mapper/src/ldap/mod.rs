//! The client's side of LDAP (RFC 4511), as far as maps need it; pure but for the stream it is given.

pub(crate) mod ber;
pub(crate) mod client_settings;
pub(crate) mod filter;
pub(crate) mod message;
pub(crate) mod result_code;
pub(crate) mod session;
pub(crate) mod url;
