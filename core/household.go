package core

// MaxHousehold bounds the people of one house to whom its owner adds others; more are the office's to add.
const MaxHousehold = 30

// HouseholdIdentities are what an owner adds and removes: another owner is the office's.
func HouseholdIdentities() []Identity { return []Identity{Family, Tenant, Lodger} }

// HouseholdMember returns an Invalid error by field if an owner cannot add the resident.
func (r Resident) HouseholdMember(today Day) error {
	fields := map[string]string{}
	if r.Identity == Owner || !r.Identity.Valid() {
		fields["identity"] = "请选择家属或租客；增加业主请到物业办理"
	}
	if r.Identity == Lodger && r.LeaseDay != 0 && r.LeaseDay < today {
		fields["lease_day"] = "租约已经到期"
	}
	if r.Identity != Family && r.Identity.Valid() && r.OwnPhone() == "" {
		fields["phone"] = "请填写租客本人的手机号"
	}
	return InvalidFields(fields)
}
