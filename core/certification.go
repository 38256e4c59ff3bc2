package core

import (
	"slices"
	"unicode/utf8"
)

// CertifiedHow is what staff saw when they certified a resident at the desk 现场核验.
type CertifiedHow string

// The documents. Another one is described in the note.
const (
	CertifiedByIDCard    CertifiedHow = "id_card"
	CertifiedByHousehold CertifiedHow = "household"
	CertifiedByLease     CertifiedHow = "lease"
	CertifiedByOther     CertifiedHow = "other"
)

// CertifiedHows returns the documents in the order in which forms show them.
func CertifiedHows() []CertifiedHow {
	return []CertifiedHow{CertifiedByIDCard, CertifiedByHousehold, CertifiedByLease, CertifiedByOther}
}

// Label returns the document in Chinese.
func (h CertifiedHow) Label() string {
	switch h {
	case CertifiedByIDCard:
		return "身份证"
	case CertifiedByHousehold:
		return "户口簿"
	case CertifiedByLease:
		return "租赁合同"
	case CertifiedByOther:
		return "其他"
	}
	return ""
}

// Certification is how a resident was certified at the desk, and by whom.
type Certification struct {
	How  CertifiedHow
	By   string // the account's name at the time
	Note string
}

// MaxCertificationText bounds the note of a certification and the reason of a withdrawal, in
// characters.
const MaxCertificationText = 100

// Checked returns the certification with its note in its stored form, and an Invalid error by field.
func (c Certification) Checked() (Certification, error) {
	fields := map[string]string{}
	if !slices.Contains(CertifiedHows(), c.How) {
		fields["how"] = "请选择核验依据"
	}
	c.Note = Clean(c.Note)
	switch {
	case utf8.RuneCountInString(c.Note) > MaxCertificationText:
		fields["note"] = "最多 100 个字"
	case c.How == CertifiedByOther && !hasLetter(c.Note):
		fields["note"] = "请写明核验了什么"
	}
	return c, InvalidFields(fields)
}

// CheckedWithdrawal returns the reason of a withdrawal in its stored form, and an Invalid error by
// field.
func CheckedWithdrawal(reason string) (string, error) {
	reason = Clean(reason)
	if !hasLetter(reason) || utf8.RuneCountInString(reason) > MaxCertificationText {
		return reason, InvalidFields(map[string]string{"reason": "请填写撤销原因，最多 100 个字"})
	}
	return reason, nil
}
