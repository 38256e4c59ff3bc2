package access

import (
	"fmt"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/sheet"
	"tongxing/store"
)

// restrictionFile is the field of a list file, and maxRestrictionList its maximum size: a list of
// 500 houses takes a hundredth of it.
const (
	restrictionFile    = "file"
	maxRestrictionList = 1 << 20
)

// errListRead is on a form that was to be saved with a list file: its houses are ticked,
// and nothing is done yet.
var errListRead = core.InvalidFields(map[string]string{
	restrictionFile: "名单已读入，还没有生效：请核对下面的结果，再按“限制出入”",
})

// readRestrictionFile appends a list file to the pasted list, so that it is reviewed and corrected
// like a pasted one. It reports whether a file was read.
func readRestrictionFile(c *web.Context, f *restrictionFacts) (bool, error) {
	if !c.HasUpload(restrictionFile) {
		return false, nil
	}
	file, err := c.Upload(web.UploadRule{
		Field: restrictionFile, Kinds: []sheet.Kind{sheet.Text, sheet.Workbook}, MaxBytes: maxRestrictionList,
	})
	f.Unread = file.Name
	if err != nil {
		return false, err
	}
	table, err := c.Table(file, 10*store.MaxRestriction) // to be able to report how many there are
	if err != nil {
		return false, err
	}
	f.Notes = table.Notes()
	pasted, err := joinLists(f.Form.Pasted, core.HouseLines(table.Rows))
	if err != nil {
		return false, err
	}
	f.Form.Pasted, f.Unread = pasted, ""
	return true, nil
}

// joinLists appends the lines of a file to a pasted list, except those already in it.
func joinLists(pasted string, file []string) (string, error) {
	if len(file) == 0 {
		return "", core.InvalidFields(map[string]string{restrictionFile: "文件里没有找到房屋，请把房屋写在第一列"})
	}
	lines := core.ListLines(pasted)
	typed := len(lines)
	for _, line := range file {
		if !slices.Contains(lines[:typed], line) {
			lines = append(lines, line)
		}
	}
	if len(lines) <= store.MaxRestriction {
		return strings.Join(lines, "\n"), nil
	}
	words := fmt.Sprintf("文件里有 %d 行，一次最多 %d 行，请分成几份", len(file), store.MaxRestriction)
	if typed > 0 {
		words = fmt.Sprintf("连同已粘贴的共有 %d 行，一次最多 %d 行，请分成几份", len(lines), store.MaxRestriction)
	}
	return "", core.InvalidFields(map[string]string{restrictionFile: words})
}

// listWrong narrows what is wrong with a form to its list.
func listWrong(err error) error {
	fields := web.FieldsOf(err)
	if fields == nil {
		return err
	}
	if message := fields["pasted"]; message != "" {
		return core.InvalidFields(map[string]string{"pasted": message})
	}
	return nil
}
