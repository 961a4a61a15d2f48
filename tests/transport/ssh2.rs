//! libssh2 keeps the contract, over a real sshd.

use quarterdeck::domain::host::TransportChoice;

use crate::sshd::Sshd;

fn ssh2() -> (quarterdeck::transport::SharedTransport, Sshd) {
    let sshd = Sshd::start();
    (sshd.connect(TransportChoice::Ssh2), sshd)
}

contract!(ssh2());

/// The same where sshd forwards nothing.
mod without_forwarding {
    use quarterdeck::domain::host::TransportChoice;

    use crate::sshd::Sshd;

    fn ssh2() -> (quarterdeck::transport::SharedTransport, Sshd) {
        let sshd = Sshd::with("AllowTcpForwarding no\nDisableForwarding yes");
        (sshd.connect(TransportChoice::Ssh2), sshd)
    }

    contract!(ssh2(), no forwarding);
}
