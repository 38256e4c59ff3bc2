package sheet

import "bytes"

// Kind is the type of a file, judged by its content.
type Kind string

// The kinds of file that can be distinguished.
const (
	Text     Kind = "text"     // .txt and .csv: content does not distinguish them
	Workbook Kind = "workbook" // .xlsx
	Old      Kind = "old"      // .xls, or a password-protected workbook: both are OLE files
	Other    Kind = ""
)

// Endings returns the file name extensions of the kind, without the dot.
func (k Kind) Endings() []string {
	return map[Kind][]string{Text: {"txt", "csv"}, Workbook: {"xlsx"}}[k]
}

// KindOf detects the kind of a file, reading only as much as that takes.
func KindOf(content []byte) Kind {
	switch {
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		if bytes.Contains(content, []byte("xl/workbook.xml")) || bytes.Contains(content, []byte(`xl\workbook.xml`)) {
			return Workbook // the names of a zip's entries are not compressed
		}
		return Other
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return Old
	}
	if _, err := decodeText(content); err != nil {
		return Other
	}
	return Text
}

// ancient reports whether this is a legacy workbook without its OLE container: the beginning of a
// BIFF stream. Scripts that export tables still write such files.
func ancient(content []byte) bool {
	if len(content) < 8 || content[0] != 0x09 || content[3] != 0 {
		return false
	}
	return content[1]&^0x0e == 0 && content[1]&1 == 0 && content[2] >= 4 && content[2] <= 16
}

// marked reports whether a text is a web page or another document in markup, which systems export
// under the name .xls.
func marked(content []byte) bool {
	head := bytes.Clone(content[:min(len(content), 4<<10)])
	lowerASCII(head)
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		head = bytes.ReplaceAll(head[2:], []byte{0}, nil)
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(head, []byte("mime-version:")) {
		return true
	}
	if !bytes.HasPrefix(head, []byte("<")) {
		return false
	}
	for _, sign := range []string{"<?xml", "<!doctype", "<html", "<head", "<meta", "<style", "<body", "<table", "<div", "<center", "<!--"} {
		if bytes.HasPrefix(head, []byte(sign)) {
			return true
		}
	}
	return false
}

// lowerASCII turns ASCII letters into small ones, whatever the encoding of the text.
func lowerASCII(text []byte) {
	for i, c := range text {
		if c >= 'A' && c <= 'Z' {
			text[i] = c | 0x20
		}
	}
}
