//! The local transport keeps the contract.

use std::sync::Arc;

use quarterdeck::domain::host::{Host, TransportChoice};
use quarterdeck::domain::settings::SshSettings;
use quarterdeck::transport::{Connector, ExecSpec, Nobody, SharedTransport};

use crate::contract::{read_out, sh, soon, up};

fn local() -> SharedTransport {
    let mut host = Host::named("here", "test");
    host.transport = TransportChoice::Local;
    Connector::new(SshSettings::default(), vec![], Arc::new(Nobody)).connect(&host)
}

contract!((local(), ()));

#[tokio::test]
async fn cancel_ends_the_whole_tree_even_what_ignores_it() {
    let t = local();
    up(&t).await;
    let mut stream = t.exec(ExecSpec::stream("trap '' TERM; sleep 4242 & echo $!; wait; sleep 4242"));
    let pid = String::from_utf8(read_out(&mut stream, 2).await).unwrap();
    drop(stream);
    soon("the end of the tree", async {
        while sh(&t, &format!("kill -0 {pid}")).await.exit == quarterdeck::transport::Exit::Code(0) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await;
}
