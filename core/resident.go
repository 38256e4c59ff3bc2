package core

import "time"

// Identity is what ties a person to a house 身份.
type Identity string

const (
	Owner  Identity = "owner"  // 业主
	Family Identity = "family" // 家属
	Tenant Identity = "tenant" // 长期租客
	Lodger Identity = "lodger" // 限期租客
)

// Words gives the identity in Chinese.
func (i Identity) Words() string {
	switch i {
	case Owner:
		return "业主"
	case Family:
		return "家属"
	case Tenant:
		return "长期租客"
	case Lodger:
		return "限期租客"
	}
	return ""
}

// Resident is a person's tie to one house 住户. Phone and IDNumber are whole only
// where a caller was allowed to ask for them; lists carry them masked.
type Resident struct {
	ID        ID
	Community ID
	House     ID
	Person    ID
	Name      string
	Sex       string // male, female, ""
	Identity  Identity
	LeaseDay  Day // last day of a fixed-term tenant's lease; 0 = none
	Phone     string
	IDNumber  string // "" = none on file
	Photo     string
	Certified time.Time // zero = 未认证
	MovedOut  time.Time
}
