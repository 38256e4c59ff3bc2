package core

import "time"

// AccessRecord is one passage or refusal 出入记录, as it was.
type AccessRecord struct {
	ID          ID
	Community   ID
	At          time.Time
	Via         Via
	Reader      ID
	Post        ID
	Guard       ID
	Gate        string // reader's or post's name
	ReleasedBy  string // device or guard, in words
	Direction   Direction
	Kind        PassKind // "" = unknown token
	Pass        ID
	Person      ID
	Resident    ID
	House       ID
	Name        string
	HouseLabel  string
	TempTenths  int // 0 = not taken
	Allowed     bool
	Counted     bool
	Reason      Reason
	Note        string
	TokenDigest string
}

// RecordFilter narrows a list of access records. Zero fields do not narrow.
type RecordFilter struct {
	Community ID
	From, To  time.Time // From inclusive, To exclusive
	Direction Direction
	Kind      PassKind
	Via       Via
	Result    string // "allowed", "refused", "" = both
	Reason    Reason
	Reader    ID
	Post      ID
	House     ID
	Person    ID
	Keyword   string // start of a name or of a house's text, or a phone's last four digits
}

// RecordTotals counts a day's records.
type RecordTotals struct {
	In, Out, Refused int
}

// Words gives the direction in Chinese.
func (d Direction) Words() string {
	switch d {
	case In:
		return "进"
	case Out:
		return "出"
	}
	return ""
}

// Words gives the kind of pass in Chinese.
func (k PassKind) Words() string {
	if k == PassResident {
		return "住户通行证"
	}
	return "未知"
}

// Words gives the way of passing in Chinese.
func (v Via) Words() string {
	switch v {
	case ViaReader:
		return "门禁读头"
	case ViaGuard:
		return "门岗扫码"
	case ViaManual:
		return "手工登记"
	}
	return ""
}
