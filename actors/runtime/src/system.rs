//! An actix system that ends well: what its tasks hold is dropped while its runtime is still there.

/// Run `work` on a new actix system of this thread, to its end.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    let system = actix::System::new();
    let done = system.block_on(work);
    // A database connection that a task holds goes back to its pool by a task, and that wants the runtime even now.
    let runtime = system.runtime().tokio_runtime().handle().clone();
    let _entered = runtime.enter();
    drop(system);
    done
}
