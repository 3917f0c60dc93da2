//! Whether a system is installed, and in which version.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::facts::{Facts, Program};

/// A system that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its version, as it says it.
    pub version: String,
}

/// Why a system cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// A program of it is not there.
    #[error("{system} is not installed: there is no {program}; `{install}` installs it")]
    Missing {
        /// Which system.
        system: &'static str,
        /// Which program.
        program: &'static str,
        /// The command that installs it.
        install: String,
    },
    /// It does not say a version that anybody understands.
    #[error("`{command}` says no version, but: {said}")]
    Garbage {
        /// What was called.
        command: String,
        /// What it said.
        said: String,
    },
    /// It is too old.
    #[error("{system} {version} is too old: expected {}.{} or newer; {tried} is known to work", oldest.0, oldest.1)]
    Old {
        /// Which system.
        system: &'static str,
        /// Its version.
        version: String,
        /// The oldest that would do.
        oldest: (u32, u32),
        /// One that does.
        tried: &'static str,
    },
}

impl Facts {
    /// Whether the system is installed, and in which version.
    pub fn find(&self) -> Result<Found, NotFound> {
        let missing = self.programs.iter().find(|program| program.path().is_none());
        if let Some(program) = missing {
            return Err(NotFound::Missing {
                system: self.name,
                program: program.name,
                install: self.install(),
            });
        }
        let asked = self.programs.iter().find(|program| !program.version.is_empty());
        let version = asked.map_or_else(|| Ok(String::new()), version)?;
        if number(&version).is_some_and(|number| number < self.oldest) {
            let (system, oldest, tried) = (self.name, self.oldest, self.tried);
            return Err(NotFound::Old { system, version, oldest, tried });
        }
        Ok(Found { version })
    }
}

impl Program {
    /// Where it is.
    pub fn path(&self) -> Option<PathBuf> {
        let dirs = env::var_os("PATH").unwrap_or_default();
        find(OsStr::new(self.name), &dirs)
    }
}

/// A name on a search path. One with a slash in front is found where it is.
fn find(name: &OsStr, dirs: &OsStr) -> Option<PathBuf> {
    env::split_paths(dirs)
        .map(|dir| dir.join(name))
        .chain([Path::new(name).to_owned()])
        .find(|path| path.is_absolute() && path.is_file())
}

/// The version that a program says.
fn version(program: &Program) -> Result<String, NotFound> {
    let mut command = Command::new(program.name);
    let output = command.args(program.version).stdin(Stdio::null()).output();
    let said = match output {
        Ok(output) => [output.stdout, output.stderr].concat(),
        Err(error) => error.to_string().into_bytes(),
    };
    let said = String::from_utf8_lossy(&said);
    said.split(|c: char| c.is_whitespace() || "=,-+~".contains(c))
        .map(|word| word.trim_start_matches('v'))
        .find(|word| number(word).is_some())
        .map(str::to_owned)
        .ok_or_else(|| NotFound::Garbage {
            command: format!("{} {}", program.name, program.version.join(" ")),
            said: said.lines().next().unwrap_or("nothing").to_owned(),
        })
}

/// The first two numbers of a version that has at least two.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert_eq!(number("3.4.23"), Some((3, 4)));
        assert_eq!(number("7.0.15"), Some((7, 0)));
        assert_eq!(number("3.x"), None);
        assert_eq!(number("2024"), None);
        assert_eq!(number("jemalloc"), None);
    }

    #[test]
    fn a_program_is_asked() {
        let of = |name, version| super::version(&Program { name, version });
        assert_eq!(of("echo", &["etcd Version: 3.4.23"]), Ok("3.4.23".to_owned()));
        assert_eq!(of("echo", &["Redis server v=7.0.15 sha=00:0"]), Ok("7.0.15".to_owned()));
        let error = of("echo", &["what?"]).expect_err("no version");
        assert_eq!(error.to_string(), "`echo what?` says no version, but: what?");
    }

    #[test]
    fn what_is_not_there_is_named_with_what_installs_it() {
        let facts = Facts {
            name: "nosuch",
            about: "",
            programs: &[Program { name: "no-such-program", version: &[] }],
            packages: &["nosuch-server"],
            oldest: (1, 0),
            tried: "1.0",
            start: Duration::ZERO,
            has_cas: false,
            objects: &[],
            reads: &[],
            writes: &[],
            errors: &[],
        };
        assert_eq!(
            facts.find().expect_err("it is not there").to_string(),
            "nosuch is not installed: there is no no-such-program; `apt-get install \
             --no-install-recommends nosuch-server` installs it"
        );
    }
}
