package sheet

import (
	"archive/zip"
	"bytes"
	"path"
	"slices"
	"strings"
)

// source is an untrusted workbook: the list of its sheets, and its parts.
type source struct {
	parts
	sheets  []sourceSheet
	active  int  // which of all sheets is shown when the workbook opens
	date04  bool // days count from 1904
	strings string
	styles  string
}

type sourceSheet struct {
	name   string
	part   string
	hidden bool
}

// openParts reads the list of a workbook's sheets.
func openParts(content []byte, left *budget) (*source, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, errBroken
	}
	if len(z.File) > maxEntries {
		return nil, errLarge
	}
	s := &source{parts: parts{files: map[string]*zip.File{}, left: left}}
	for _, file := range z.File {
		s.files[strings.ToLower(strings.ReplaceAll(file.Name, `\`, "/"))] = file
	}
	if err := s.readSheets(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *source) readSheets() error {
	var ids []string
	err := s.read("xl/workbook.xml", func(m *markup) error {
		switch string(m.name) {
		case "workbookPr":
			s.date04 = m.truth("date1904")
		case "workbookView":
			s.active = max(m.number("activeTab"), 0)
		case "sheet":
			state := string(m.value("state"))
			s.sheets = append(s.sheets, sourceSheet{name: string(m.value("name")), hidden: state == "hidden" || state == "veryHidden"})
			ids = append(ids, string(m.value("id")))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.read("xl/_rels/workbook.xml.rels", func(m *markup) error {
		if string(m.name) != "Relationship" || string(m.value("TargetMode")) == "External" {
			return nil
		}
		target := strings.ReplaceAll(string(m.value("Target")), `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = "/xl/" + target
		}
		target = strings.TrimPrefix(path.Clean(target), "/")
		switch path.Base(string(m.value("Type"))) {
		case "worksheet":
			if i := slices.Index(ids, string(m.value("Id"))); i >= 0 {
				s.sheets[i].part = target
			}
		case "sharedStrings":
			s.strings = target
		case "styles":
			s.styles = target
		}
		return nil
	})
}

// shown returns the visible sheets, the one that opens first.
func (s *source) shown() []int {
	var shown []int
	for i, sheet := range s.sheets {
		switch {
		case sheet.hidden || sheet.part == "":
		case i == s.active:
			shown = slices.Insert(shown, 0, i)
		default:
			shown = append(shown, i)
		}
	}
	return shown
}
