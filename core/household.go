package core

// MaxHousehold bounds the people of one house to whom its owner adds others; more are the office's to add.
const MaxHousehold = 30

// MaxDailyHousehold bounds how many people the owners of a house add on a day, those whom they remove again included: each may
// be told of it.
const MaxDailyHousehold = 10

// HouseholdIdentities are what an owner adds and removes: another owner is the office's.
func HouseholdIdentities() []Identity { return []Identity{Family, Tenant, Lodger} }

// HouseholdMember returns an Invalid error by field if an owner cannot add the resident.
func (r Resident) HouseholdMember(today Day) error {
	fields := map[string]string{}
	if r.Identity == Owner || !r.Identity.Valid() {
		fields["identity"] = "请选择家属或租客；增加业主请到物业办理"
	}
	if r.CheckLease(today) != nil {
		fields["lease_day"] = "租约已经到期"
	}
	if r.Identity != Family && r.Identity.Valid() && r.OwnPhone() == "" {
		fields["phone"] = "请填写租客本人的手机号"
	}
	return InvalidFields(fields)
}

// NextStep tells a resident in words what to do next about their address.
func (r Resident) NextStep() string {
	switch {
	case !r.MovedOut.IsZero():
		return "已迁出，需要时请重新申请认证。"
	case r.Certified.IsZero() && r.Identity == Owner:
		return "还没有认证。登记的是您本人，请按“确认是我”，立即生效；不是的请联系物业。"
	case r.Certified.IsZero():
		return "还没有认证。登记的是您本人，请按“确认是我”，立即生效；不是的请删除这个地址。"
	case r.Identity == Owner:
		return "可以管理本房屋的家属和租客；房屋换了业主，请到物业办理过户。"
	case r.Identity == Lodger:
		return "租约到期后通行证自动失效；续租请联系业主或物业。"
	}
	return "搬家后可以删除这个地址，或申请变更到新地址。"
}
