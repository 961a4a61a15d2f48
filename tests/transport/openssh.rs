//! The system's ssh keeps the contract, over a real sshd.

use quarterdeck::domain::host::TransportChoice;

use crate::sshd::Sshd;

fn openssh() -> (quarterdeck::transport::SharedTransport, Sshd) {
    let sshd = Sshd::start();
    (sshd.connect(TransportChoice::OpenSsh), sshd)
}

contract!(openssh());

/// The same where sshd forwards nothing.
mod without_forwarding {
    use quarterdeck::domain::host::TransportChoice;

    use crate::sshd::Sshd;

    fn openssh() -> (quarterdeck::transport::SharedTransport, Sshd) {
        let sshd = Sshd::with("AllowTcpForwarding no\nDisableForwarding yes");
        (sshd.connect(TransportChoice::OpenSsh), sshd)
    }

    contract!(openssh(), no forwarding);
}
