//! A container: started, killed, paused and started again, on ports that stay the same.

use std::{
    collections::HashMap,
    fmt,
    net::TcpListener,
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use testcontainers::{
    ContainerAsync, ContainerRequest, GenericImage, ImageExt,
    bollard::{
        Docker,
        models::PortBinding,
        query_parameters::{KillContainerOptionsBuilder, LogsOptionsBuilder},
    },
    core::{CmdWaitFor, ExecCommand, Mount, client::docker_client_instance},
    runners::AsyncRunner,
};
use tokio::runtime::Runtime;

use super::{
    image,
    settings::{MEMORY, Network, Spec},
};

/// A container; it is removed with all that it has written when this is dropped.
pub(crate) struct Container {
    inner: Option<Arc<ContainerAsync<GenericImage>>>,
    /// The port of the container, and the one of this machine.
    ports: Vec<(u16, u16)>,
}

impl Container {
    /// Starts the image of a server; does not wait for what is in it.
    pub(crate) fn start(name: &str, spec: &Spec) -> Result<Self> {
        // A port that was free may be somebody else's a moment later.
        let mut attempts = 5;
        loop {
            attempts -= 1;
            let ports = match &spec.network {
                Network::Published(ports) => free(ports)?,
                Network::Host => Vec::new(),
            };
            match run(name.to_owned(), spec.clone(), ports.clone()) {
                Ok(inner) => return Ok(Self { inner: Some(Arc::new(inner)), ports }),
                Err(error) if attempts > 0 && format!("{error:#}").contains("port is already") => {}
                Err(error) => {
                    let advice = format!(
                        "{name} cannot be started in a container: build its image with `compose/build {name}`, or name a \
                         running server by {}, or an image by {}",
                        image::variable(name, "URL"),
                        image::variable(name, "IMAGE"),
                    );
                    return Err(error.context(advice));
                }
            }
        }
    }

    /// The port of this machine for one of the container.
    pub(crate) fn port(&self, inside: u16) -> Option<u16> {
        self.ports.iter().find(|(port, _)| *port == inside).map(|(_, published)| *published)
    }

    pub(crate) fn kill(&self) -> Result<()> {
        self.end("KILL")
    }

    /// Ends what is in it by a signal; returns when it has ended.
    pub(crate) fn end(&self, signal: &'static str) -> Result<()> {
        let id = self.id();
        on_engine(async move {
            let options = KillContainerOptionsBuilder::new().signal(signal).build();
            Ok(engine().await?.kill_container(&id, Some(options)).await?)
        })?;
        let start = Instant::now();
        while self.is_running()? {
            ensure!(start.elapsed() < Duration::from_secs(60), "it lives after SIG{signal}");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    pub(crate) fn start_again(&self) -> Result<()> {
        let inner = self.inner();
        on_engine(async move { Ok(inner.start().await?) })
    }

    pub(crate) fn pause(&self) -> Result<()> {
        // The engine gives up where the processes do not stand still at once, as on a busy machine.
        let mut tries = 0;
        loop {
            let inner = self.inner();
            match on_engine(async move { Ok(inner.pause().await?) }) {
                Err(_) if tries < 10 => tries += 1,
                done => return done,
            }
            thread::sleep(Duration::from_millis(500));
        }
    }

    pub(crate) fn resume(&self) -> Result<()> {
        let inner = self.inner();
        on_engine(async move { Ok(inner.unpause().await?) })
    }

    pub(crate) fn is_running(&self) -> Result<bool> {
        let inner = self.inner();
        on_engine(async move { Ok(inner.is_running().await?) })
    }

    /// Runs a command inside; an error where it fails.
    pub(crate) fn run(&self, command: Vec<String>) -> Result<()> {
        let inner = self.inner();
        on_engine(async move {
            let succeeds = CmdWaitFor::exit_code(0);
            inner.exec(ExecCommand::new(command).with_cmd_ready_condition(succeeds)).await?;
            Ok(())
        })
    }

    /// The last lines that it logged.
    pub(crate) fn log(&self) -> Result<String> {
        let id = self.id();
        on_engine(async move {
            let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail("30").build();
            let mut lines = engine().await?.logs(&id, Some(options));
            let mut log = String::new();
            while let Some(line) = lines.next().await {
                log.push_str(&line?.to_string());
            }
            Ok(log)
        })
    }

    fn id(&self) -> String {
        self.inner().id().to_owned()
    }

    fn inner(&self) -> Arc<ContainerAsync<GenericImage>> {
        // It is only taken out by `drop`.
        self.inner.clone().expect("the container is not dropped yet")
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let inner = self.inner.take();
        let removed = on_engine(async move {
            // Nothing else holds it: all that is done to it is waited for.
            match inner.and_then(Arc::into_inner) {
                Some(inner) => Ok(inner.rm().await?),
                None => Ok(()),
            }
        });
        if let Err(error) = removed {
            eprintln!("a container stays: {error:#}");
        }
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container").field("ports", &self.ports).finish_non_exhaustive()
    }
}

fn run(name: String, spec: Spec, ports: Vec<(u16, u16)>) -> Result<ContainerAsync<GenericImage>> {
    on_engine(async move {
        let image = image::find(&engine().await?, &name).await?;
        let (image, tag) = image.rsplit_once(':').context("an image without a version")?;
        let mut request: ContainerRequest<_> = GenericImage::new(image, tag).into();
        request = request
            .with_startup_timeout(Duration::from_secs(300))
            // By which scripts/test finds what a test that was killed has left.
            .with_label("store-tests", std::env::var("TEST_RUN").unwrap_or_default());
        if !spec.command.is_empty() {
            request = request.with_cmd(spec.command);
        }
        for (name, value) in spec.env {
            request = request.with_env_var(name, value);
        }
        for (path, content) in spec.files {
            request = request.with_copy_to(path, content);
        }
        if spec.in_memory {
            request = request.with_mount(Mount::tmpfs_mount(MEMORY).with_mode(0o1777));
        }
        request = match spec.network {
            Network::Host => request.with_network("host"),
            Network::Published(_) => request.with_host_config_modifier(move |host| {
                host.publish_all_ports = Some(false);
                host.port_bindings = Some(bindings(&ports));
            }),
        };
        Ok(request.start().await?)
    })
}

/// On this machine only, and on the same port after every start.
fn bindings(ports: &[(u16, u16)]) -> HashMap<String, Option<Vec<PortBinding>>> {
    let binding = |&(inside, published): &(u16, u16)| {
        let host = PortBinding {
            host_ip: Some("127.0.0.1".to_owned()),
            host_port: Some(published.to_string()),
        };
        (format!("{inside}/tcp"), Some(vec![host]))
    };
    ports.iter().map(binding).collect()
}

/// A free port of this machine for each.
pub(crate) fn free(ports: &[u16]) -> Result<Vec<(u16, u16)>> {
    // All are held at once, so that no two are the same.
    let held = ports.iter().map(|_| TcpListener::bind("127.0.0.1:0"));
    let held = held.collect::<Result<Vec<_>, _>>()?;
    let pair = |(inside, held): (&u16, &TcpListener)| Ok((*inside, held.local_addr()?.port()));
    ports.iter().zip(&held).map(pair).collect()
}

async fn engine() -> Result<Docker> {
    docker_client_instance().await.context(
        "the engine of containers does not answer: install and start Docker (`compose/build` does), or name it by DOCKER_HOST",
    )
}

/// Runs to its end on a runtime that outlives all cases: they have runtimes of their own, and connections to the engine
/// end with the runtime that opened them.
fn on_engine<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        // Without a runtime there are no tests.
        builder.worker_threads(1).enable_all().build().expect("threads can be started")
    });
    let (done, result) = mpsc::channel();
    runtime.spawn(async move {
        let _ = done.send(work.await);
    });
    result.recv().context("the work on a container panicked")?
}
