//! Threads that step back behind the one that answers keys.

/// How much nicer the calling thread becomes: about a tenth of the weight of one that answers keys.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Makes the calling thread give way where processors are short, for as long as it lives: reading, decoding and sorting
/// come after the answer to a key. In a flood on two busy processors that halved the slowest answers. Only on Linux,
/// where niceness is a thread's own (`sched(7)`); elsewhere it would be the whole program's.
pub fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICER) {
        tracing::debug!(%error, "this thread keeps its priority");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_steps_back_and_the_others_do_not() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        let stepped = std::thread::spawn(move || {
            step_back();
            niceness()
        });
        assert_eq!(stepped.join().unwrap(), (before + NICER).min(19));
        assert_eq!(niceness(), before);
    }
}
