package store

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"tongxing/core"
)

// Records can be exported by every filter there is, and the audit log says which one it
// was in words. A new field of the filter belongs into this table.
func TestExportByEachFilter(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		reader, _ := makeReader(t, s, aReader(community, "A1"))
		for field, c := range map[string]struct {
			filter core.RecordFilter
			words  string
		}{
			"Community": {core.RecordFilter{Community: community}, "不限条件：是"},
			"From":      {core.RecordFilter{From: testNow}, "开始："},
			"To":        {core.RecordFilter{To: testNow.Add(time.Hour)}, "结束："},
			"Direction": {core.RecordFilter{Direction: core.Out}, "方向：出"},
			"Kind":      {core.RecordFilter{Kind: core.PassResident}, "通行证：住户通行证"},
			"Via":       {core.RecordFilter{Via: core.ViaReader}, "方式：门禁读头"},
			"Result":    {core.RecordFilter{Result: "refused"}, "结果：拒绝"},
			"Reason":    {core.RecordFilter{Reason: core.ReasonHours}, "原因："},
			"Reader":    {core.RecordFilter{Reader: reader}, "门禁读头：" + readerOf(t, s, reader).Name},
			"Post":      {core.RecordFilter{Post: 77}, "门岗：77"},
			"House":     {core.RecordFilter{House: 78}, "房屋：78"},
			"Person":    {core.RecordFilter{Person: 79}, "住户：79"},
			"Keyword":   {core.RecordFilter{Keyword: "王伟"}, "关键词字数：2"},
		} {
			if reflect.ValueOf(c.filter).FieldByName(field).IsZero() {
				t.Fatalf("the filter of %s does not set it", field)
			}
			by := core.Looker{Actor: core.System}
			err := s.ExportAccessRecords(t.Context(), by, everywhere, c.filter, func(core.AccessRecord) error { return nil })
			if err != nil {
				t.Errorf("by %s: %v", field, err)
				continue
			}
			lines, _, err := s.AuditRecords(t.Context(), everywhere, core.AuditFilter{Action: "accessrecord.export"}, Page{Limit: 1})
			if err != nil || len(lines) != 1 || !strings.Contains(keptOf(lines[0]), c.words) {
				t.Errorf("by %s: the audit log says %+v (%v), want %q", field, lines, err, c.words)
			}
		}
		fields := reflect.TypeFor[core.RecordFilter]()
		if fields.NumField() != 14 { // with Outsider, which only says how Keyword is read
			t.Errorf("the filter has %d fields: export by the new ones here", fields.NumField())
		}
	})
}
