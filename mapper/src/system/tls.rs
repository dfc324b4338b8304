//! TLS as a client, over any stream. The only place that names rustls.
//!
//! Versions 1.2 and 1.3 with rustls's default suites; no client certificates. Whose certificates are good is
//! decided as libldap does ([`Verifier`]).

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, OtherError,
    RootCertStore, SignatureScheme,
};

use crate::common_name;
use crate::files;
use crate::ldap::client_settings::Trust;
use crate::services::{Protection, Stream};

/// Most octets of a file of certificates.
const MAX_FILE: u64 = 16 << 20;

/// Protects `stream` as `protection` says, trusting whom the system's settings for LDAP name.
pub(super) fn protect(
    stream: Box<dyn Stream>,
    protection: &Protection<'_>,
) -> io::Result<Box<dyn Stream>> {
    let trust = Trust::of(protection.environment, |name| read(files::path(name)).ok());
    let host = std::str::from_utf8(protection.host).map_err(|_| ErrorKind::InvalidInput)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| ErrorKind::InvalidInput)?;
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(&trust, protection.host, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(broken)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), name).map_err(broken)?;
    let mut protected = TlsStream { connection, stream };
    protected.shake_hands(Duration::from_secs(u64::from(protection.limit.max(1))))?;
    Ok(Box::new(protected))
}

/// The beginning of a file.
fn read(name: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    std::fs::File::open(name)?.take(MAX_FILE).read_to_end(&mut text)?;
    Ok(text)
}

fn broken(error: Error) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}

/// A protected connection.
struct TlsStream {
    connection: ClientConnection,
    stream: Box<dyn Stream>,
}

impl TlsStream {
    fn shake_hands(&mut self, limit: Duration) -> io::Result<()> {
        let end = Instant::now() + limit;
        while self.connection.is_handshaking() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            // a limit of less than a second would be one of none
            let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
            self.stream.set_limit(seconds.saturating_add(1))?;
            self.send()?;
            if self.connection.is_handshaking() {
                self.receive()?;
            }
        }
        self.send()
    }

    /// Sends what is to be sent.
    fn send(&mut self) -> io::Result<()> {
        while self.connection.wants_write() {
            self.connection.write_tls(&mut self.stream)?;
        }
        self.stream.flush()
    }

    /// Reads once from the stream.
    fn receive(&mut self) -> io::Result<()> {
        let count = match self.connection.read_tls(&mut self.stream) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(ErrorKind::TimedOut.into());
            }
            other => other?,
        };
        if let Err(error) = self.connection.process_new_packets() {
            // the server is told what is wrong, if it still listens
            let _ = self.send();
            return Err(broken(error));
        }
        if count == 0 && self.connection.is_handshaking() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

impl Read for TlsStream {
    /// Reads once from the stream below: `Interrupted` when that has brought nothing for the reader, so that
    /// whoever counts the time can look at the clock.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.connection.reader().read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => return other,
        }
        self.receive()?;
        self.send()?;
        match self.connection.reader().read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                Err(ErrorKind::Interrupted.into())
            }
            other => other,
        }
    }
}

impl Write for TlsStream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.connection.writer().write(buffer)?;
        self.send()?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

impl Stream for TlsStream {
    fn set_limit(&mut self, seconds: u32) -> io::Result<()> {
        self.stream.set_limit(seconds)
    }
}

impl Drop for TlsStream {
    fn drop(&mut self) {
        self.connection.send_close_notify();
        // whoever cannot hear it need not
        let _ = self.send();
    }
}

/// Decides about certificates as libldap does with GnuTLS (observed): the chain must end at a certificate that is
/// trusted, which may be the server's own; the host must be named by an alternative name or the last common name.
struct Verifier {
    roots: RootCertStore,
    trusted: Vec<CertificateDer<'static>>,
    host: Vec<u8>,
    anybody: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("trusted", &self.trusted.len()).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Reads the certificates that are trusted: a file must be there, a directory need not.
    fn new(trust: &Trust, host: &[u8], provider: &CryptoProvider) -> io::Result<Self> {
        let mut trusted = Vec::new();
        if let Some(file) = &trust.file {
            trusted.extend(certificates(&read(files::path(file))?));
        }
        if let Some(directory) = &trust.directory {
            let entries = std::fs::read_dir(files::path(directory)).into_iter().flatten().flatten();
            for path in entries.map(|entry| entry.path()).filter(|path| path.is_file()) {
                trusted.extend(certificates(&read(&path).unwrap_or_default()));
            }
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(trusted.iter().cloned());
        Ok(Self {
            roots,
            trusted,
            host: host.to_vec(),
            anybody: trust.anybody,
            algorithms: provider.signature_verification_algorithms,
        })
    }

    fn check_chain(
        &self,
        own: &CertificateDer<'_>,
        certificate: &ParsedCertificate<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let chain = verify_server_cert_signed_by_trust_anchor(
            certificate,
            &self.roots,
            others,
            now,
            self.algorithms.all,
        );
        match chain {
            Err(error) if is_authority(&error) && self.trusted.contains(own) => Ok(()),
            other => other,
        }
    }
}

/// Whether all that is wrong with a server's certificate is that it may sign others. Its dates have been found
/// good by then.
fn is_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) = error else {
        return false;
    };
    inner.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity)
}

fn certificates(text: &[u8]) -> impl Iterator<Item = CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(text).filter_map(Result::ok)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.anybody {
            return Ok(ServerCertVerified::assertion());
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        self.check_chain(end_entity, &certificate, intermediates, now)?;
        let named = common_name::of(end_entity);
        match verify_server_name(&certificate, server_name) {
            Err(_) if named.is_some_and(|name| common_name::matches(name, &self.host)) => {}
            other => other?,
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
