//! Configurations: Debian's own two, those generated with m4 from the files in `mc/`, one for each of
//! Debian's system and domain files, those of `cf/`, and a collection where there is one.

use crate::world::EtcMail;
use crate::{Error, Result, at};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The m4 sources of Debian's `sendmail-cf`.
const CF_DIR: &str = "/usr/share/sendmail/cf";

/// A configuration file with the name that reports use for it.
#[derive(Debug, Clone)]
pub struct Config {
    /// `debian-default`, `debian-submit` or the name of the .mc file.
    pub name: String,
    /// The text of the .cf file.
    pub cf: Vec<u8>,
}

/// Debian's default `sendmail.cf` and `submit.cf`.
pub fn debian() -> Result<Vec<Config>> {
    [("debian-default", "sendmail"), ("debian-submit", "submit")]
        .into_iter()
        .map(|(name, file)| Ok(Config { name: name.into(), cf: debian_file(file)? }))
        .collect()
}

/// The configurations of `mc/`, in the order of their names.
pub fn generated() -> Result<Vec<Config>> {
    let files = files_of("mc", "mc")?;
    files.iter().map(|path| Ok(Config { name: stem(path), cf: generate(path, &[])? })).collect()
}

/// The configurations of `cf/`, written by hand, in the order of their names.
pub fn written() -> Result<Vec<Config>> {
    files_of("cf", "cf")?.iter().map(|path| read(path)).collect()
}

/// `mc/every-KIND.mc.in` for each of Debian's files `KIND/*.m4`.
pub fn for_every(kind: &str) -> Result<Vec<Config>> {
    let template = own_dir("mc").join(format!("every-{kind}.mc.in"));
    let named = |name: &String| {
        let cf = generate(&template, &[format!("-DSUITE_NAME={name}")])?;
        Ok(Config { name: format!("{kind}-{name}"), cf })
    };
    installed(kind)?.iter().map(named).collect()
}

/// The names of Debian's m4 files of a kind: `feature`, `mailer`, `ostype`, `domain`, `hack`.
pub fn installed(kind: &str) -> Result<Vec<String>> {
    Ok(sorted(&Path::new(CF_DIR).join(kind), "m4")?.iter().map(|path| stem(path)).collect())
}

/// The text of all our .mc files.
pub fn sources() -> Result<String> {
    files_of("mc", "mc")?.iter().map(|path| at(path, std::fs::read_to_string(path))).collect()
}

/// The text of our .mc file of this name.
pub fn sources_of(name: &str) -> Result<String> {
    let path = own_dir("mc").join(format!("{name}.mc"));
    at(&path, std::fs::read_to_string(&path))
}

/// The configurations of a collection of old ones (see `addresses::corpus_dir`).
pub fn collected(corpus: &Path) -> Result<Vec<Config>> {
    let mut files = sorted(&corpus.join("cf"), "cf")?;
    files.extend(sorted(&corpus.join("built"), "cf")?);
    files.iter().map(|path| read(path)).collect()
}

/// What m4 makes of a source given as text.
pub fn from_text(mc: &str) -> Result<Vec<u8>> {
    let file = tempfile::NamedTempFile::with_suffix(".mc");
    let file = at(Path::new("a temporary file"), file)?;
    at(file.path(), std::fs::write(file.path(), mc))?;
    generate(file.path(), &[])
}

fn own_dir(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files_of(dir: &str, extension: &str) -> Result<Vec<PathBuf>> {
    sorted(&own_dir(dir), extension)
}

fn sorted(dir: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        at(dir, std::fs::read_dir(dir))?.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == extension));
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Config> {
    Ok(Config { name: stem(path), cf: at(path, std::fs::read(path))? })
}

/// Debian's configurations as files for the world's `/etc/mail`: what the cases without `-C` use.
/// Empty where the packages are missing.
pub fn etc_mail() -> EtcMail {
    let mut files = EtcMail::new();
    if let (Ok(main), Ok(submit)) = (debian_file("sendmail"), debian_file("submit")) {
        files.insert("debian.cf".into(), main.clone());
        files.insert("sendmail.cf".into(), main);
        files.insert("submit.cf".into(), submit);
    }
    files
}

/// The file that Debian's package made at installation, else one generated from its .mc file.
fn debian_file(name: &str) -> Result<Vec<u8>> {
    let installed = PathBuf::from(format!("/etc/mail/{name}.cf"));
    match std::fs::read(&installed) {
        Ok(cf) => Ok(cf),
        Err(_) => generate(&Path::new(CF_DIR).join(format!("debian/{name}.mc")), &[]),
    }
}

fn generate(mc: &Path, defines: &[String]) -> Result<Vec<u8>> {
    let output = Command::new("m4")
        .arg(format!("-D_CF_DIR_={CF_DIR}/"))
        .args(defines)
        .arg(format!("{CF_DIR}/m4/cf.m4"))
        .arg(mc)
        .current_dir(Path::new(CF_DIR).join("cf"))
        .output();
    let output = at(Path::new(CF_DIR), output)?;
    let text = String::from_utf8_lossy(&output.stderr);
    // The files themselves print warnings (about open relays) on standard error.
    if !output.status.success() || text.contains("m4:") {
        return Err(Error::Tool(format!("m4 {}: {text}", mc.display())));
    }
    Ok(output.stdout)
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
