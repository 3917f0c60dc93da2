//! The pictures of the documentation are what their commands leave.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// The commands that make the pictures.
fn commands(text: &str) -> &str {
    let block = text.split("```sh\n").nth(1).expect("there are commands");
    block.split("```").next().expect("they end")
}

#[test]
fn pictures_are_what_their_commands_leave() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let album = root.join("docs/pictures");
    let text = fs::read_to_string(album.join("README.md")).expect("it is readable");
    let dir = tempfile::tempdir().expect("a temporary directory");
    symlink(root.join("workloads"), dir.path().join("workloads")).expect("a link");
    let program = Path::new(env!("CARGO_BIN_EXE_quorate")).parent().expect("a directory");
    let path = format!("{}:{}", program.display(), env::var("PATH").expect("there is a PATH"));
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", commands(&text)]).env("PATH", path).current_dir(dir.path());
    assert!(shell.status().expect("it starts").success());
    let mut made = 0;
    for entry in fs::read_dir(dir.path()).expect("it is readable") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "svg") {
            continue;
        }
        let name = path.file_name().expect("it has a name");
        let picture = fs::read_to_string(&path).expect("it is readable");
        let kept = album.join(name);
        if env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&kept, &picture).expect("it is writable");
        }
        let kept = fs::read_to_string(kept).unwrap_or_default();
        assert!(kept == picture, "{} is not what its command leaves", name.display());
        made += 1;
    }
    let kept = fs::read_dir(&album).expect("it is readable").count() - 1;
    assert_eq!(made, kept, "every picture is made");
}
