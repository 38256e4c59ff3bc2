package store

import (
	"testing"

	"tongxing/core"
)

// Who was added by mistake is removed with the pass and the pictures, and then the institution; who has passed a door is
// not, since its records lead to them.
func TestMembersAndInstitutionsAreRemoved(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		p := newMemberSite(t, s)
		guest := p.member(t, s, nil)
		wantCode(t, s.RemoveInstitution(t.Context(), core.System, everywhere, p.institution), core.CodeConflict)
		wantCode(t, s.RemoveMember(t.Context(), core.System, core.ScopeOf(p.community+1), guest.ID), core.CodeNotFound)
		picture := aPhoto
		mustDo(t, s.UpdateMemberPhoto(t.Context(), core.System, everywhere, guest.ID, core.MemberFace, &picture))
		mustDo(t, s.RemoveMember(t.Context(), core.System, everywhere, guest.ID))
		for _, table := range []string{
			"institution_member", "photo", "photo_content", "pass WHERE kind = 'dedicated'",
		} {
			if n := countRows(t, s, "SELECT COUNT(*) FROM "+table); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		passed := p.member(t, s, nil)
		if d := mustScan(t, s, p.scan(passed.Pass, core.In, 1)); !d.Allowed {
			t.Fatalf("%+v", d)
		}
		if is, err := s.MemberPassed(t.Context(), passed.ID); err != nil || !is {
			t.Errorf("passed: %t, %v", is, err)
		}
		wantCode(t, s.RemoveMember(t.Context(), core.System, everywhere, passed.ID), core.CodeConflict)
		moved, err := s.Member(t.Context(), everywhere, passed.ID)
		mustDo(t, err)
		moved.Phone = "13799990000"
		mustDo(t, discard(s.UpdateMember(t.Context(), core.System, everywhere, moved)))
		wantCode(t, s.RemoveMember(t.Context(), core.System, everywhere, passed.ID), core.CodeConflict)
		mustDo(t, s.DisableMember(t.Context(), core.System, everywhere, passed.ID))
		wantCode(t, s.RemoveInstitution(t.Context(), core.System, everywhere, p.institution), core.CodeConflict)
		id, err := s.CreateInstitution(t.Context(), core.System, everywhere, core.Institution{
			Name: "误加的机构", Communities: []core.ID{p.community},
		})
		mustDo(t, err)
		mustDo(t, s.RemoveInstitution(t.Context(), core.System, everywhere, id))
		if _, err := s.Institution(t.Context(), everywhere, id); !core.IsNotFound(err) {
			t.Errorf("read after it was removed: %v", err)
		}
	})
}
