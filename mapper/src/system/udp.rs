//! Tokio's network for the name service, with connected sockets: as in the C library, that nobody listens is known at
//! once, when the server's host says so, and not when waiting is over.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioRuntimeProvider};
use tokio::io::{Interest, Ready};
use tokio::net::UdpSocket;

type Tokio = TokioRuntimeProvider;
type Later<T> = Pin<Box<dyn Send + Future<Output = io::Result<T>>>>;

/// The network.
#[derive(Clone, Default)]
pub(super) struct Network(Tokio);

impl RuntimeProvider for Network {
    type Handle = <Tokio as RuntimeProvider>::Handle;
    type Timer = <Tokio as RuntimeProvider>::Timer;
    type Udp = Connected;
    type Tcp = <Tokio as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.0.create_handle()
    }

    fn connect_tcp(
        &self,
        server_addr: SocketAddr,
        bind_addr: Option<SocketAddr>,
        timeout: Option<Duration>,
    ) -> Later<Self::Tcp> {
        self.0.connect_tcp(server_addr, bind_addr, timeout)
    }

    fn bind_udp(&self, local_addr: SocketAddr, server_addr: SocketAddr) -> Later<Self::Udp> {
        let bound = self.0.bind_udp(local_addr, server_addr);
        Box::pin(async move {
            let socket = bound.await?;
            // elsewhere a connected socket takes no address with what it sends
            if cfg!(target_os = "linux") {
                socket.connect(server_addr).await?;
            }
            let socket = Arc::new(socket);
            let trouble = Mutex::new(trouble(&socket));
            Ok(Connected { socket, trouble })
        })
    }
}

/// A socket that tells of errors while it waits for answers; tokio's own tells of them when something comes.
pub(super) struct Connected {
    socket: Arc<UdpSocket>,
    trouble: Mutex<Later<Ready>>,
}

/// Waits for an error of the socket.
fn trouble(socket: &Arc<UdpSocket>) -> Later<Ready> {
    let socket = Arc::clone(socket);
    Box::pin(async move { socket.ready(Interest::ERROR).await })
}

impl DnsUdpSocket for Connected {
    type Time = <UdpSocket as DnsUdpSocket>::Time;

    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let received = DnsUdpSocket::poll_recv_from(&*self.socket, cx, buf);
        if received.is_ready() {
            return received;
        }
        let mut waiting = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting.as_mut().poll(cx).is_ready() {
            if let Some(error) = self.socket.take_error()? {
                return Poll::Ready(Err(error));
            }
            // it was another one's error: wait for the next
            let over = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
            drop(self.socket.try_io(Interest::ERROR, over));
            *waiting = trouble(&self.socket);
        }
        Poll::Pending
    }

    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        DnsUdpSocket::poll_send_to(&*self.socket, cx, buf, target)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_not_there_is_known_at_once_and_answers_arrive() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let there = server.local_addr().unwrap();
            let any = "0.0.0.0:0".parse().unwrap();
            let client = Network::default().bind_udp(any, there).await.unwrap();
            let mut buf = [0; 16];
            client.send_to(b"question", there).await.unwrap();
            let (size, from) = server.recv_from(&mut buf).await.unwrap();
            server.send_to(&buf[..size], from).await.unwrap();
            assert_eq!(client.recv_from(&mut buf).await.unwrap(), (8, there));
            drop(server);
            for _ in 0..2 {
                client.send_to(b"question", there).await.unwrap();
                let refused = client.recv_from(&mut buf);
                let refused = tokio::time::timeout(Duration::from_secs(60), refused).await;
                let error = refused.expect("an answer at once").unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
            }
        });
    }
}
