package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"path"
	"slices"
	"strconv"
	"strings"
)

// source is an untrusted workbook.
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

// openBook reads the list of a workbook's sheets.
func openBook(ctx context.Context, content []byte) (*source, error) {
	return openParts(content, &budget{ctx: ctx, pace: newPace(readingRest), unpacked: maxUnpacked, elements: maxElements})
}

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
	err := s.read("xl/workbook.xml", func(_ *part, element xml.StartElement) error {
		switch element.Name.Local {
		case "workbookPr":
			s.date04 = truth(element, "date1904")
		case "workbookView":
			s.active = max(number(element, "activeTab"), 0)
		case "sheet":
			state := value(element, "state")
			s.sheets = append(s.sheets, sourceSheet{name: value(element, "name"), hidden: state == "hidden" || state == "veryHidden"})
			id := ""
			for _, a := range element.Attr {
				if a.Name.Local == "id" && a.Name.Space != "" {
					id = a.Value
				}
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.read("xl/_rels/workbook.xml.rels", func(_ *part, element xml.StartElement) error {
		if element.Name.Local != "Relationship" || value(element, "TargetMode") == "External" {
			return nil
		}
		target := strings.ReplaceAll(value(element, "Target"), `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = "/xl/" + target
		}
		target = strings.TrimPrefix(path.Clean(target), "/")
		switch path.Base(value(element, "Type")) {
		case "worksheet":
			if i := slices.Index(ids, value(element, "Id")); i >= 0 {
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
func (s *source) shown() []sourceSheet {
	var shown []sourceSheet
	for i, sheet := range s.sheets {
		switch {
		case sheet.hidden || sheet.part == "":
		case i == s.active:
			shown = slices.Insert(shown, 0, sheet)
		default:
			shown = append(shown, sheet)
		}
	}
	return shown
}

// firstFilled reads the sheets in the order of shown up to the first that is not empty.
func (s *source) firstFilled(max int) (name string, g *grid, err error) {
	shown := s.shown()
	switch {
	case len(shown) == 0 && len(s.sheets) > 0:
		return "", nil, errHidden
	case len(shown) == 0:
		return "", nil, errBroken
	}
	hidden := &grid{}
	for _, sheet := range shown {
		g = &grid{max: max, hidden: map[int]bool{}, columns: map[int]bool{}}
		if err := s.read(sheet.part, g.read); err != nil {
			return "", nil, err
		}
		g.fill()
		g.dropHidden()
		if len(g.lines) > 0 {
			return sheet.name, g, nil
		}
		if g.rows > 0 || len(g.columns) > 0 {
			name, hidden = sheet.name, g
		}
	}
	return name, hidden, nil
}

// resolve replaces the indices into the table of shared strings by the texts.
func (s *source) resolve(g *grid) error {
	wanted := map[int][]*gridCell{}
	for i := range g.lines {
		for j := range g.lines[i].cells {
			cell := &g.lines[i].cells[j]
			if cell.kind != "s" {
				continue
			}
			n, err := strconv.ParseUint(strings.TrimSpace(cell.value), 10, 31)
			if err != nil {
				return errBroken
			}
			wanted[int(n)] = append(wanted[int(n)], cell)
		}
	}
	at := -1
	if len(wanted) > 0 {
		err := s.read(s.strings, func(p *part, element xml.StartElement) error {
			if element.Name.Local != "si" {
				return nil
			}
			at++
			cells, is := wanted[at]
			if !is {
				return nil
			}
			text, err := p.rich(cellBytes)
			for _, cell := range cells {
				cell.value, cell.kind = text, "inlineStr"
			}
			if delete(wanted, at); len(wanted) == 0 && err == nil {
				return errEnough
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(wanted) > 0 {
		return errBroken
	}
	return nil
}

// formats returns how the numbers of a grid are displayed, by style.
func (s *source) formats(g *grid) (map[int]format, error) {
	last, wanted := 0, map[int]bool{}
	for _, line := range g.lines {
		for _, cell := range line.cells {
			if cell.kind == "" || cell.kind == "n" {
				wanted[cell.style] = true
				last = max(last, cell.style)
			}
		}
	}
	if len(wanted) == 0 || s.styles == "" {
		return nil, nil
	}
	if last >= maxFormats {
		return nil, errFormats
	}
	codes, formats, style := map[int]string{}, map[int]format{}, 0
	err := s.read(s.styles, func(p *part, element xml.StartElement) error {
		switch element.Name.Local {
		case "numFmt":
			if code := value(element, "formatCode"); len(code) <= formatBytes && len(codes) < maxCodes {
				codes[number(element, "numFmtId")] = code
			}
		case "cellXfs":
			err := p.inside(func(element xml.StartElement) error {
				if element.Name.Local != "xf" {
					return nil
				}
				if wanted[style] {
					id := max(number(element, "numFmtId"), 0)
					formats[style] = format{id, codes[id]}
				}
				if style++; style > last {
					return errEnough
				}
				return nil
			})
			if err == nil {
				err = errEnough
			}
			return err
		}
		return nil
	})
	if err == errLarge {
		err = errFormats
	}
	return formats, err
}
