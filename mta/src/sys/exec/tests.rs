//! Runs `/bin/sh`.

use std::time::Duration;

use super::*;

fn shell(script: &str) -> Invocation {
    let program = Program {
        path: b"/bin/sh".to_vec(),
        argv: vec![b"sh".to_vec(), b"-c".to_vec(), script.as_bytes().to_vec()],
        environment: vec![b"AGENT=sendmail".to_vec()],
        ..Program::default()
    };
    Invocation { program, output: Output::Captured }
}

fn run(invocation: &Invocation, input: &[u8]) -> (Ended, Vec<u8>) {
    let mut running = spawn(invocation).unwrap();
    let mut rest = input;
    while !rest.is_empty() {
        match running.write_some(rest, None) {
            Ok(count) => rest = &rest[count..],
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
                break;
            }
        }
    }
    running.finish(Duration::ZERO).unwrap()
}

#[test]
fn output_and_errors_are_captured_in_order() {
    let (ended, output) = run(&shell("cat; echo out; echo err >&2; exit 67"), b"in\n");
    assert_eq!(ended, Ended::Exited(67));
    assert_eq!(output, b"in\nout\nerr\n");
}

#[test]
fn a_lot_of_output_while_a_lot_is_written_does_not_block() {
    let input = vec![b'x'; 1 << 20];
    let (ended, output) = run(&shell("tee /dev/null; exit 3"), &input);
    assert_eq!(ended, Ended::Exited(3));
    assert_eq!(output.len(), MAX_CAPTURED);
}

#[test]
fn a_program_that_does_not_read_is_no_error() {
    let (ended, _) = run(&shell("exit 0"), &vec![b'x'; 1 << 20]);
    assert_eq!(ended, Ended::Exited(0));
}

#[test]
fn only_the_given_environment_is_passed() {
    // ML-102
    let (_, output) = run(&shell("env | grep -v '^PWD=\\|^_=\\|^SHLVL=\\|^OLDPWD='"), b"");
    assert_eq!(output, b"AGENT=sendmail\n");
}

#[test]
fn signals_and_timeouts_are_told_apart() {
    let (ended, _) = run(&shell("kill -9 $$"), b"");
    assert_eq!(ended, Ended::Signalled { signal: 9, core_dumped: false });
    let running = spawn(&shell("exec sleep 60")).unwrap();
    let (ended, _) = running.finish(Duration::from_millis(50)).unwrap();
    assert_eq!(ended, Ended::TimedOut); // ML-130
}

#[test]
fn signals_that_are_blocked_here_reach_the_program() {
    let signals: nix::sys::signal::SigSet =
        [nix::sys::signal::Signal::SIGTERM].into_iter().collect();
    signals.thread_block().unwrap();
    let (ended, _) = run(&shell("kill -TERM $$; exit 1"), b"");
    signals.thread_unblock().unwrap();
    assert!(matches!(ended, Ended::Signalled { signal: 15, .. }), "{ended:?}");
}

#[test]
fn what_the_program_left_in_the_background_is_waited_for() {
    let (ended, output) = run(&shell("(sleep 0.1; echo late) & echo early"), b"");
    assert_eq!(ended, Ended::Exited(0));
    assert_eq!(output, b"early\nlate\n");
}

#[test]
fn the_first_directory_that_works_is_entered() {
    // ML-022
    let mut invocation = shell("pwd; umask");
    invocation.program.directories = vec![b"/no/such".to_vec(), b"/usr".to_vec(), b"/".to_vec()];
    assert_eq!(run(&invocation, b"").1, b"/usr\n0022\n");
}

#[test]
fn a_missing_program_is_a_permanent_error() {
    let mut invocation = shell("");
    invocation.program.path = b"/no/such/program".to_vec();
    let error = spawn(&invocation).unwrap_err();
    assert!(matches!(error, ExecError::Exec { .. }) && !error.is_transient(), "{error:?}");
    invocation.program.path = b"/bin/sh\0".to_vec();
    assert!(matches!(spawn(&invocation), Err(ExecError::Nul)));
}

#[test]
fn a_missing_root_directory_is_told() {
    // ML-023; needs the right to call chroot.
    if crate::sys::users::effective_uid() != 0 {
        return;
    }
    let mut invocation = shell("");
    invocation.program.root = Some(b"/no/such/root".to_vec());
    let error = spawn(&invocation).unwrap_err();
    let words = "openmailer: Cannot chroot(/no/such/root): No such file or directory";
    assert_eq!(error.to_string(), words);
    assert!(error.is_transient());
}

#[test]
fn root_can_switch_the_user() {
    if crate::sys::users::effective_uid() != 0 {
        return;
    }
    let mut invocation = shell("id -u; id -g; id -G");
    invocation.program.identity = Identity::Full { uid: 65534, gid: 65534, groups: vec![65534] };
    assert_eq!(run(&invocation, b"").1, b"65534\n65534\n65534\n"); // ML-144
    invocation.program.identity = Identity::EffectiveOnly { uid: 5, gid: 60 };
    // The shell drops an effective user id that differs from the real one.
    let output = run(&invocation, b"").1;
    assert!(output.starts_with(b"0\n60\n"), "{output:?}"); // ML-024
}

#[test]
fn a_conversation_can_be_read_while_errors_are_captured() {
    let mut invocation = shell("read line; echo \"got $line\"; echo oops >&2");
    invocation.output = Output::Conversation;
    let mut running = spawn(&invocation).unwrap();
    running.write_some(b"hello\n", None).unwrap();
    let mut buffer = [0; 100];
    let count = running.read_some(&mut buffer, None).unwrap();
    assert_eq!(&buffer[..count], b"got hello\n");
    assert_eq!(running.finish(Duration::ZERO).unwrap(), (Ended::Exited(0), b"oops\n".to_vec()));
}
