//! What clients operate on, and which functions there are for that.

use super::WorkloadError;
use super::file::{Field, File, Place, RawMix};
use super::resolve::{Subject, list, one_of};
use crate::generator::Mix;
use crate::protocol::Object;

/// What clients operate on: what the workload says, or what is usual for whatever runs. Refuses fields that
/// mean nothing to it.
pub(super) fn object(file: &File, subject: &Subject) -> Result<Object, WorkloadError> {
    let (source, raw) = (&file.source, &file.raw.clients);
    let object = match &raw.object {
        None => subject.objects[0],
        Some(field) => one_of(source, field, "clients.object", Object::ALL, Object::name)?,
    };
    if let Some(field) = raw.object.as_ref().filter(|_| !subject.objects.contains(&object)) {
        let names: Vec<&str> = subject.objects.iter().map(|object| object.name()).collect();
        let problem =
            format!("{} has no {}; expected {}", subject.name, object.name(), list(&names));
        return Err(source.error(&field.place, "clients.object", problem));
    }
    let is_register = object == Object::Register;
    let strange = [
        ("writers", place(raw.writers.as_ref()).filter(|_| !is_register)),
        (
            "values",
            place(raw.values.as_ref()).filter(|_| !is_register && object != Object::Counter),
        ),
    ];
    match strange.into_iter().find_map(|(name, place)| Some((name, place?))) {
        None => Ok(object),
        Some((name, place)) => {
            let problem =
                format!("means nothing to a {}; expected object = \"register\"", object.name());
            Err(source.error(place, &format!("clients.{name}"), problem))
        }
    }
}

fn place<T>(field: Option<&Field<T>>) -> Option<&Place> {
    field.map(|field| &field.place)
}

/// The functions of an object and how often each comes: first those that look, then those that change it.
pub(super) fn weights(object: Object, mix: Mix) -> impl Iterator<Item = (&'static str, u32)> {
    let Mix { read, write, cas } = mix;
    let weights = match object {
        Object::Register => vec![("read", read), ("write", write), ("cas", cas)],
        Object::Counter | Object::Set => vec![("read", read), ("add", write)],
        Object::Queue => vec![("dequeue", read), ("enqueue", write)],
    };
    weights.into_iter()
}

/// How often each function comes.
pub(super) fn mix(file: &File, subject: &Subject, object: Object) -> Result<Mix, WorkloadError> {
    let Some(Field { value: raw, place }) = &file.raw.clients.mix else {
        return Ok(Mix { read: 1, write: 1, cas: 0 });
    };
    let wrong = |problem: String| Err(file.source.error(place, "clients.mix", problem));
    let RawMix { read, write, cas, add, enqueue, dequeue } = *raw;
    let said = [
        ("read", read),
        ("write", write),
        ("cas", cas),
        ("add", add),
        ("enqueue", enqueue),
        ("dequeue", dequeue),
    ];
    if let Some((name, weight)) = said.iter().find(|(_, weight)| !(0..=1000).contains(weight)) {
        return wrong(format!("{name} = {weight}; expected a weight from 0 to 1000"));
    }
    let functions: Vec<&str> =
        weights(object, Mix { read: 0, write: 0, cas: 0 }).map(|(name, _)| name).collect();
    let is_strange = |(name, weight): &&(&str, i64)| *weight > 0 && !functions.contains(name);
    if let Some((name, weight)) = said.iter().find(is_strange) {
        return wrong(format!(
            "{name} = {weight} means nothing to a {}; expected {}",
            object.name(),
            list(&functions)
        ));
    }
    if cas > 0 && !subject.has_cas {
        return wrong(format!(
            "cas = {cas}, but {} has no compare-and-set; expected cas = 0",
            subject.name
        ));
    }
    if said.iter().all(|(_, weight)| *weight == 0) {
        return wrong("all weights are 0; expected at least one above".to_owned());
    }
    let (read, write) = match object {
        Object::Register => (read, write),
        Object::Counter | Object::Set => (read, add),
        Object::Queue => (dequeue, enqueue),
    };
    Ok(Mix { read: read as u32, write: write as u32, cas: cas as u32 })
}
