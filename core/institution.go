package core

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// Institution is an organisation whose members come and go in communities where they do not live 机构: a courier
// service, a cleaning company.
type Institution struct {
	ID          ID
	Name        string
	Remark      string
	Communities []ID      // that its members may enter
	Members     int       // who are not disabled; only in lists
	Everyone    int       // members, also disabled ones; only in lists
	Wholly      bool      // the reader's scope has all its communities: only then can more than these be changed; only as read
	Disabled    time.Time // zero = in use
	Updated     time.Time // see Stale
}

// Bounds of an institution.
const (
	MaxInstitutionName        = 60
	MaxInstitutionRemark      = 200
	MaxInstitutionCommunities = 500
)

// Trimmed returns the institution with the texts cleaned.
func (i Institution) Trimmed() Institution {
	i.Name, i.Remark = Clean(i.Name), Clean(i.Remark)
	return i
}

// Check returns an Invalid error that names the bad fields of a Trimmed institution.
func (i Institution) Check() error {
	fields := map[string]string{}
	if !nameText(i.Name, MaxInstitutionName) {
		fields["name"] = fmt.Sprintf("请填写机构名称，最多 %d 个字", MaxInstitutionName)
	}
	if utf8.RuneCountInString(i.Remark) > MaxInstitutionRemark {
		fields["remark"] = fmt.Sprintf("最多 %d 个字", MaxInstitutionRemark)
	}
	switch {
	case len(i.Communities) == 0:
		fields["communities"] = "请至少选择一个小区"
	case len(i.Communities) > MaxInstitutionCommunities:
		fields["communities"] = fmt.Sprintf("最多选择 %d 个小区", MaxInstitutionCommunities)
	}
	return InvalidFields(fields)
}

// institutionFields label what the audit log records of an institution.
var institutionFields = []AuditField{
	{Key: "name", Label: "名称"},
	{Key: "remark", Label: "备注"},
	{Key: "communities", Label: communitiesLabel, List: true},
	{Key: "disabled", Label: "已停用"},
	{Key: "count", Label: "即将到期"},
	{Key: "until", Label: "最早到期"},
}
