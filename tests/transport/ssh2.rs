//! libssh2 keeps the contract, over a real sshd.

use quarterdeck::domain::host::TransportChoice;

use crate::sshd::Sshd;

fn ssh2() -> (quarterdeck::transport::SharedTransport, Sshd) {
    let sshd = Sshd::start();
    (sshd.connect(TransportChoice::Ssh2), sshd)
}

contract!(ssh2());
