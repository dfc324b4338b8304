//! A configuration for Postfix or Exim that does what a sendmail.cf does, and the list of what it does not do.
//!
//! A configuration is recognised as a [`site::Site`] ([`recognise`]): from its classes, macros, maps and options as they
//! stand when it has been read, and from what its rules do with addresses made for the purpose. Writers
//! (`postfix`, `exim`) make files of it. [`features`] and [`options`] say what becomes of what.

pub mod access;
pub mod document;
mod exim;
pub mod features;
mod lines;
pub mod options;
mod postfix;
pub mod probe;
pub mod recognise;
pub mod remark;
pub mod route;
pub mod site;
pub mod table;
pub mod verdict;
mod writing;

use features::{Carry, Feature};
use recognise::Input;
use remark::{Loss, Place, Remark};
use site::Site;

use crate::answering::MapServices;
use crate::engine::Engine;

/// What the configuration is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Postfix 3.6 or later.
    Postfix,
    /// Exim 4.94 or later.
    Exim,
}

impl Target {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Postfix => "postfix",
            Self::Exim => "exim",
        }
    }

    /// What becomes of a feature.
    #[must_use]
    pub fn carries(self, feature: Feature) -> Carry {
        match self {
            Self::Postfix => feature.row().postfix,
            Self::Exim => feature.row().exim,
        }
    }
}

/// How a file of the target is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// As it is.
    Text,
    /// As a database that `postmap` makes of it.
    Postmap,
    /// As a database that `postalias` makes of it.
    Postalias,
}

/// A file of the target's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, without a directory.
    pub name: &'static str,
    /// Its contents.
    pub bytes: Vec<u8>,
    /// How it is used.
    pub use_: Use,
    /// Whether only the administrator may read it.
    pub secret: bool,
}

/// What an export gives.
#[derive(Clone, Debug)]
pub struct Export {
    /// What it was made for.
    pub target: Target,
    /// The files.
    pub files: Vec<File>,
    /// The site.
    pub site: Site,
    /// What is not carried over: [`Loss::Left`] first, in the order of the features.
    pub remarks: Vec<Remark>,
}

/// Writes a configuration for `target`; `name` is what comments call the file, `directory` where Exim's tables will
/// be.
pub fn export<S: MapServices>(
    target: Target,
    input: Input<'_>,
    engine: &mut Engine<S>,
    name: &[u8],
    directory: &[u8],
) -> Export {
    let mut site = recognise::site(input, engine);
    let configuration = std::sync::Arc::clone(engine.configuration());
    let settings = options::settings(&configuration, target, &mut site);
    let files = match target {
        Target::Postfix => postfix::files(&mut site, &configuration, &settings, name),
        Target::Exim => exim::files(&mut site, &configuration, &settings, name, directory),
    };
    let mut remarks = std::mem::take(&mut site.remarks);
    remarks.extend(general(&site, target));
    remarks.sort_by_key(|remark| (remark.loss, remark.feature));
    Export { target, files, site, remarks }
}

/// What is lost of features as a whole.
fn general(site: &Site, target: Target) -> Vec<Remark> {
    // of these, each thing is told by itself
    let told = [
        Feature::CustomRules,
        Feature::CustomMaps,
        Feature::Options,
        Feature::Headers,
        Feature::OtherMailers,
    ];
    let features = site.found.iter().filter(|(feature, _)| !told.contains(feature));
    features
        .filter_map(|(feature, places): (&Feature, &Vec<Place>)| {
            let (loss, why) = match target.carries(*feature) {
                Carry::Whole(_) => return None,
                Carry::Partly(_, why) => (Loss::Changed, why),
                Carry::No(why) => (Loss::Left, why),
            };
            let (what, why) = (feature.row().m4.as_bytes().to_vec(), why.as_bytes().to_vec());
            Some(Remark { feature: *feature, loss, what, why, places: places.clone() })
        })
        .collect()
}
