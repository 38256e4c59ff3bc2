package demo

import (
	"context"

	"tongxing/core"
	"tongxing/store"
)

// The property company on WeWork, which exists only in the simulator.
const (
	CorpID      = "ww0000000000de3001"
	CorpName    = "翠湖物业"
	CorpAgent   = 1000002
	CorpSecret  = "demo-secret-of-the-companys-app"
	CorpContact = "demo-secret-of-the-contact-sync"
)

// StaffMember is a member of the company, with a phone in the simulator or without.
type StaffMember struct {
	core.CorpMember
	Persona, Phone string
}

// CorpDepartments are the company's departments.
func CorpDepartments() []core.CorpDepartment {
	return []core.CorpDepartment{
		{Number: 1, Name: CorpName}, {Number: 2, Parent: 1, Name: "客户服务部"}, {Number: 3, Parent: 1, Name: "工程部"},
		{Number: 4, Parent: 3, Name: "维修组"}, {Number: 5, Parent: 1, Name: "秩序维护部"},
	}
}

// CorpMembers are the company's members.
func CorpMembers() []StaffMember {
	plain := func(id, name, position string, departments ...int) StaffMember {
		return StaffMember{CorpMember: core.CorpMember{UserID: id, Name: name, Position: position, Departments: departments}}
	}
	known := func(m Member, id, position string, departments ...int) StaffMember {
		s := plain(id, m.Name, position, departments...)
		s.Persona, s.Phone = m.Key, m.Phone
		return s
	}
	return []StaffMember{
		known(clerk, "HeYaWen", "客服主管", 2), known(guard, "LiWeiDong", "门岗", 5),
		plain("SunLi", "孙丽", "客服专员", 2), plain("ZhangGuoQiang", "张国强", "工程主管", 3, 4),
		plain("LiuXiuFeng", "刘秀峰", "维修工", 4), plain("MaChao", "马超", "电工", 4),
		plain("XuJianJun", "徐建军", "秩序队长", 5), plain("TianFang", "田芳", "监控员", 5),
	}
}

// company binds the company, as a whole sync with it would leave the staff, and makes the clerk's account theirs.
func (s *seeder) company(ctx context.Context, e *estate, keys core.WechatKeys) error {
	keys.Secret, keys.Contact = CorpSecret, CorpContact
	app, err := s.store.CreateWechatApp(ctx, core.System, core.Everywhere, store.KeyedWechatApp{
		App:  core.WechatApp{Kind: core.WechatWork, Name: CorpName, AppID: CorpID, Agent: CorpAgent, Scope: core.ScopeOf(e.id)},
		Keys: keys,
	})
	if err != nil {
		return err
	}
	const runner = "demo"
	if _, err := s.store.ClaimStaffSync(ctx, runner); err != nil {
		return err
	}
	turn := store.SyncTurn{Runner: runner, App: app}
	var ids []string
	var members []core.CorpMember
	for _, m := range CorpMembers() {
		ids, members = append(ids, m.UserID), append(members, m.CorpMember)
	}
	err = s.store.SyncDepartments(ctx, turn, CorpDepartments())
	if err == nil {
		err = s.store.SyncListed(ctx, turn, ids, "")
	}
	if err == nil {
		err = s.store.SyncMembers(ctx, turn, members)
	}
	if err == nil {
		err = s.store.EndStaffSync(ctx, turn, true, "")
	}
	if err == nil {
		_, err = s.store.NoteWechatCheck(ctx, app, "")
	}
	if err == nil {
		err = s.store.NoteWechatCall(ctx, app)
	}
	if err == nil {
		err = s.byHand(ctx, e)
	}
	if err != nil {
		return err
	}
	m, err := s.store.StaffOfMember(ctx, app, ids[0])
	if err != nil {
		return err
	}
	s.cast.Clerk = clerk
	return s.store.LinkStaffAccount(ctx, core.SystemGranter, m.ID, s.clerk)
}

// byHand adds staff who are not on WeWork.
func (s *seeder) byHand(ctx context.Context, e *estate) error {
	for i, m := range []struct {
		team string
		core.Staff
	}{
		{"保洁组", core.Staff{Name: "王桂香", Sex: "female", Position: "保洁员"}},
		{"保洁组", core.Staff{Name: "罗永胜", Sex: "male", Position: "保洁领班", Grade: "三级"}},
		{"绿化组", core.Staff{Name: "邓春兰", Sex: "female", Position: "绿化工", Address: "员工宿舍 2 号楼"}},
	} {
		m.Phone, m.Communities = phone(90_000+i), []core.ID{e.id}
		if _, err := s.store.CreateStaff(ctx, core.System, core.Everywhere, m.Staff, []string{"环境部", m.team}); err != nil {
			return err
		}
	}
	return nil
}
