//! References to instances: as `a:ReferenceParameters` and as WMI object paths.

use std::fmt::Write as _;

use super::names;
use super::xml::escape;

/// Names one instance: namespace, class and key values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub namespace: String,
    pub class: String,
    pub keys: Vec<(String, String)>,
}

impl Reference {
    /// A reference into root/virtualization/v2.
    #[must_use]
    pub fn v2(class: &str, keys: &[(&str, &str)]) -> Self {
        let keys = keys
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Self {
            namespace: names::VIRTUALIZATION.to_owned(),
            class: class.to_owned(),
            keys,
        }
    }

    /// The value of a key, its name compared without case.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&str> {
        self.keys
            .iter()
            .find(|(k, _)| k.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// Whether both name the same instance; class and values are compared without case, as WMI does.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.class.eq_ignore_ascii_case(&other.class)
            && self.keys.len() == other.keys.len()
            && self
                .keys
                .iter()
                .all(|(k, v)| other.key(k).is_some_and(|o| o.eq_ignore_ascii_case(v)))
    }

    /// `a:Address` and `a:ReferenceParameters`, unwrapped and with prefixes of their own.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut out = format!(
            "<a:Address xmlns:a=\"{a}\">{anonymous}</a:Address><a:ReferenceParameters xmlns:a=\"{a}\" xmlns:w=\"{w}\">\
             <w:ResourceURI>{uri}</w:ResourceURI><w:SelectorSet>",
            a = names::ADDRESSING,
            w = names::WSMAN,
            anonymous = names::ANONYMOUS,
            uri = names::class_uri(&self.namespace, &self.class),
        );
        for (key, value) in &self.keys {
            let _ = write!(
                out,
                "<w:Selector Name=\"{}\">{}</w:Selector>",
                escape(key),
                escape(value)
            );
        }
        out.push_str("</w:SelectorSet></a:ReferenceParameters>");
        out
    }

    /// The WMI object path, `\\HOST\root\virtualization\v2:Class.Key="value"`.
    #[must_use]
    pub fn to_path(&self, host: &str) -> String {
        let keys: Vec<String> = self
            .keys
            .iter()
            .map(|(k, v)| format!("{k}=\"{}\"", escape_path(v)))
            .collect();
        format!(
            "\\\\{host}\\{}:{}.{}",
            self.namespace.replace('/', "\\"),
            self.class,
            keys.join(",")
        )
    }

    /// Reads an object path; host and namespace may be left out, slashes may lean either way.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        let quote = path.find('"').unwrap_or(path.len());
        let (head, rest) = match path.get(..quote)?.rfind(':') {
            Some(at) => (path.get(..at)?, path.get(at + 1..)?),
            None => ("", path),
        };
        let namespace = head.replace('\\', "/");
        let namespace = match namespace.strip_prefix("//") {
            Some(with_host) => with_host.split_once('/')?.1.to_owned(),
            None => namespace,
        };
        let namespace = if namespace.is_empty() {
            names::VIRTUALIZATION.to_owned()
        } else {
            namespace
        };
        let (class, mut keys_text) = rest.split_once('.')?;
        let mut keys = Vec::new();
        loop {
            let (name, after) = keys_text.split_once("=\"")?;
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next()? {
                    (_, '\\') => value.push(chars.next()?.1),
                    (at, '"') => break at,
                    (_, c) => value.push(c),
                }
            };
            keys.push((name.trim().to_owned(), value));
            match after.get(end + 1..)?.strip_prefix(',') {
                Some(more) => keys_text = more,
                None => break,
            }
        }
        let valid = !class.is_empty() && class.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        valid.then(|| Self {
            namespace,
            class: class.to_owned(),
            keys,
        })
    }
}

fn escape_path(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_path_is_read_back() {
        let key = "Microsoft:AB\\C\\0\\D \"x\"";
        let r = Reference::v2("Msvm_StorageAllocationSettingData", &[("InstanceID", key)]);
        assert_eq!(Reference::from_path(&r.to_path("HV01")), Some(r.clone()));
        assert_eq!(
            Reference::from_path("Msvm_X.A=\"1\",B=\"2\"").unwrap().keys.len(),
            2
        );
        let relative = "root/virtualization/v2:Msvm_VirtualSystemSettingData.InstanceID=\"Microsoft:1\"";
        assert_eq!(
            Reference::from_path(relative).unwrap().key("instanceid"),
            Some("Microsoft:1")
        );
        for bad in ["", "x", "a.b", "a.b=\"", "a:b", "\\\\h", "a.b=\"c\\"] {
            assert_eq!(Reference::from_path(bad), None, "{bad}");
        }
    }
}
