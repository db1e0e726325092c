//! A node on a thread of its own, with its own actix system: several nodes in one process stay as separate as processes,
//! and one can be killed without warning, its tasks dropped wherever they are, while the others go on.

use std::thread::JoinHandle;

use anyhow::Context;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// A running node and the thread it owns. Dropping it kills the node.
#[derive(Debug)]
pub struct NodeThread<H> {
    handle: H,
    kill: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl<H: Send + 'static> NodeThread<H> {
    /// Start a thread called `name`, build the node on it, and answer when it is built. `build` is given the token by
    /// which the node is killed, for a node that must die at a certain step.
    pub async fn start<F, Built>(name: &str, build: F) -> anyhow::Result<NodeThread<H>>
    where
        F: FnOnce(CancellationToken) -> Built + Send + 'static,
        Built: Future<Output = anyhow::Result<H>> + 'static,
    {
        let kill = CancellationToken::new();
        let (built, answer) = oneshot::channel();
        let killed = kill.clone();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime::system::run(async move {
                match build(killed.clone()).await {
                    Ok(handle) => {
                        if built.send(Ok(handle)).is_ok() {
                            killed.cancelled().await;
                        }
                    }
                    Err(error) => {
                        built.send(Err(error)).ok();
                    }
                }
            });
        })?;
        let handle = answer.await.with_context(|| format!("the thread of {name} ended while starting"))??;
        Ok(NodeThread { handle, kill, thread: Some(thread) })
    }

    pub fn handle(&self) -> &H {
        &self.handle
    }

    /// Completes when the node has been killed, by whomever.
    pub fn killed(&self) -> CancellationToken {
        self.kill.clone()
    }

    /// Kill the node and wait for its thread to end.
    pub async fn kill(mut self) {
        self.kill.cancel();
        if let Some(thread) = self.thread.take() {
            tokio::task::spawn_blocking(move || thread.join()).await.ok();
        }
    }
}

impl<H> Drop for NodeThread<H> {
    fn drop(&mut self) {
        self.kill.cancel();
    }
}
