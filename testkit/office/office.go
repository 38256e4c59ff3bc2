// Package office has LibreOffice save workbooks, for the files that tests keep of it.
package office

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The formats that lists come in, as LibreOffice calls its filters.
const (
	Old  = "xls:MS Excel 97"
	Book = "xlsx:Calc MS Excel 2007 XML"
)

// calculate makes LibreOffice calculate the formulas of a file that has no results.
const calculate = `<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>`

// Save returns a workbook as LibreOffice saves it by a filter. The test fails without libreoffice-calc.
func Save(t *testing.T, book []byte, filter string) []byte {
	t.Helper()
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "profile", "user"), 0o700); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(folder, "profile", "user", "registrymodifications.xcu")
	source := filepath.Join(folder, "source.xlsx")
	for path, content := range map[string][]byte{settings: []byte(calculate), source: book} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(
		t.Context(), "soffice", "-env:UserInstallation=file://"+folder+"/profile", "--headless", "--convert-to", filter,
		"--outdir", filepath.Join(folder, "made"), source,
	)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", filter, err, out)
	}
	ending, _, _ := strings.Cut(filter, ":")
	content, err := os.ReadFile(filepath.Join(folder, "made", "source."+ending))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
