package core

import (
	"fmt"
	"time"
)

// ReaderGroup is a group of readers of a community 读头分组: those of a gate, or of the garages. It sets nothing itself: what is
// ticked for a group is set for each of its readers, and a scan knows no groups.
type ReaderGroup struct {
	ID, Community ID
	Name          string
	Readers       []ID // each is in one group at most
	Updated       time.Time
}

// Bounds of a group.
const (
	MaxReaderGroupName = 32
	MaxGroupedReaders  = 500
)

// Trimmed returns the group with its name cleaned.
func (g ReaderGroup) Trimmed() ReaderGroup {
	g.Name = Clean(g.Name)
	return g
}

// Check returns an Invalid error that names the bad fields of a Trimmed group.
func (g ReaderGroup) Check() error {
	fields := map[string]string{}
	if !nameText(g.Name, MaxReaderGroupName) {
		fields["name"] = fmt.Sprintf("请填写分组名称，最多 %d 个字", MaxReaderGroupName)
	}
	if len(g.Readers) > MaxGroupedReaders {
		fields["readers"] = fmt.Sprintf("一个分组最多 %d 台读头", MaxGroupedReaders)
	}
	return InvalidFields(fields)
}

// readerGroupFields label what the audit log records of a group.
var readerGroupFields = []AuditField{
	{Key: "name", Label: "名称"},
	{Key: "readers", Label: "读头", List: true},
}
