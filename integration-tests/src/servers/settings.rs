//! What a server is started with.

/// What a test adds to how a server is started.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Settings {
    /// More arguments of the server's command.
    pub args: Vec<String>,
    /// More environment variables.
    pub env: Vec<(String, String)>,
    /// Files in the container, by their path: configuration, certificates. One of a path that the recipe has replaces it.
    pub files: Vec<(String, Vec<u8>)>,
    /// More ports of the container to publish on this machine.
    pub ports: Vec<u16>,
    /// Whether it speaks TLS only: then whoever starts it waits until it answers.
    pub encrypted: bool,
    /// Whether what it writes is in memory and lost when it ends.
    pub in_memory: bool,
}

impl Settings {
    /// With one more argument of the server's command.
    #[must_use]
    pub fn with_arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// With more arguments of the server's command.
    #[must_use]
    pub fn with_args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.args.extend(args.into_iter().map(str::to_owned));
        self
    }

    /// With an environment variable.
    #[must_use]
    pub fn with_env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// With a file in the container, which every user there may read.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.into(), content.into()));
        self
    }

    /// With one more port of the container published on this machine.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.ports.push(port);
        self
    }

    /// With its data in a file system in memory, for one that nobody ends: what it syncs costs nothing, and neither do the
    /// files that it makes and removes by the thousand.
    #[must_use]
    pub const fn in_memory(mut self) -> Self {
        self.in_memory = true;
        self
    }

    /// Over TLS only, by the settings that are there: nobody waits until it answers.
    #[must_use]
    pub const fn encrypted(mut self) -> Self {
        self.encrypted = true;
        self
    }
}

/// A folder in memory, beside those of the image: it is everybody's, whoever the server runs as.
pub(crate) const MEMORY: &str = "/memory";

/// All that a container is started with.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// The command and its arguments; none for the image's own.
    pub(crate) command: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) network: Network,
    /// Whether there is a folder [`MEMORY`].
    pub(crate) in_memory: bool,
}

/// How the container is reached.
#[derive(Clone, Debug)]
pub(crate) enum Network {
    /// These ports of it are published on this machine, on ports that are free.
    Published(Vec<u16>),
    /// It has the network of the machine itself.
    Host,
}
