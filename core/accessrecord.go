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
