//! Every map class, alias files, and the programs that build databases.
//!
//! A [`MapSet`] is filled from the `K` lines of a configuration ([`MapSet::declare`], then
//! [`MapSet::finish`]) and answers keys ([`MapSet::lookup`]). Maps open on their first use. What
//! they need of the outside (names, programs, users, connections, clock) they ask of a
//! [`Services`]; [`SystemServices`] is the one that asks the real system, and nothing of it is
//! started before a lookup needs it.
//!
//! ```
//! use mapper::{Answer, LookupContext, MapSet, Settings, SystemServices};
//!
//! let mut maps = MapSet::new(Settings::default());
//! assert!(maps.declare(b"dequote dequote").is_empty());
//! let mut services = SystemServices::default();
//! let lookup = maps.lookup(b"dequote", b"\"a.b\"", &[], &LookupContext::default(), &mut services);
//! assert_eq!(lookup.answer, Answer::Found(b"a.b".to_vec()));
//! ```
//!
//! DIAGNOSTICS. A faulty `K` line gives [`MapError`]s in sendmail's words; the map is then not
//! usable or works without the faulty part. A lookup never fails hard: a map that cannot be opened
//! or asked answers [`Answer::Temporary`], with a [`Notice`] that tells why.

mod alias_file;
mod answer;
pub mod bdb;
mod canonical_name;
mod class;
mod column_index;
mod columns;
mod common_name;
mod database_file;
mod exchangers;
mod files;
mod flags;
pub mod fst_map;
mod hosts_file;
mod interpolate;
mod k_line;
mod ldap;
mod makemap;
mod map_numbers;
mod netstring;
pub mod posix_regex;
pub mod process;
mod resolve;
pub mod schema;
mod service_switch;
mod services;
mod set;
mod settings;
mod system;
mod traces;
mod unsafe_mapping;

pub use alias_file::{
    AliasDiagnostic, AliasEntry, AliasFile, AliasPart, AliasReader, AliasSeverity,
    build as build_aliases,
};
pub use answer::*;
pub use class::database::database_file_name;
pub use class::fst::fst_file_name;
pub use class::regex::SUBSTRING_DELIMITER;
pub use column_index::ColumnIndex;
pub use columns::Columns;
pub use database_file::{
    AliasText, AliasTextRules, DatabaseFile, FileError, FileRules, UnsafeDirectory,
};
pub use exchangers::{Exchangers, MAX_EXCHANGERS};
pub use makemap::{
    MakemapEvent, MakemapOptions, MapSink, SinkError, alias_database, duplicate_key, makemap,
    makemap_columns,
};
pub use services::*;
pub use set::{LookupContext, MapDescription, MapSet, MapTraits, OpenedMap};
pub use settings::{BlameSettings, Settings};
pub use system::{LeftReader, MacroChange, SystemServices};
pub use unsafe_mapping::Mapping;
