package sheet

import "bytes"

// Kind is what a file is by its content.
type Kind string

// The kinds of file that are told apart.
const (
	Text     Kind = "text"     // .txt and .csv: no content tells one from the other
	Workbook Kind = "workbook" // .xlsx
	Old      Kind = "old"      // .xls, or a workbook under a password: both are OLE files
	Other    Kind = ""
)

// Endings returns those that the names of a kind of file have, without the dot.
func (k Kind) Endings() []string {
	return map[Kind][]string{Text: {"txt", "csv"}, Workbook: {"xlsx"}}[k]
}

// KindOf tells what a file is, without reading more of it than that takes.
func KindOf(content []byte) Kind {
	switch {
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		if bytes.Contains(content, []byte("xl/workbook.xml")) || bytes.Contains(content, []byte(`xl\workbook.xml`)) {
			return Workbook // names of a zip's entries are not packed
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
