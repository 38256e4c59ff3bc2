package store

import (
	"testing"

	"tongxing/core"
)

func TestWechatFiles(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		f := core.WechatFile{Name: "MP_verify_AbCd1234EfGh5678.txt", Text: "AbCd1234EfGh5678"}
		_, err := s.CreateWechatFile(ctx, core.Actor{Kind: core.ActorAccount, ID: 7}, f)
		wantCode(t, err, core.CodeForbidden)
		id, err := s.CreateWechatFile(ctx, core.System, f)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.CreateWechatFile(ctx, core.System, f)
		wantField(t, err, "name")
		_, err = s.CreateWechatFile(ctx, core.System, core.WechatFile{Name: "robots.txt", Text: "AbCd1234EfGh5678"})
		wantField(t, err, "name")
		if got, err := s.WechatFileNamed(ctx, f.Name); err != nil || got.Text != f.Text || got.ID != id {
			t.Errorf("%+v, %v", got, err)
		}
		for _, name := range []string{"mp_verify_abcd1234efgh5678.txt", "MP_verify_AbCd1234EfGh5679.txt", "robots.txt", ""} {
			_, err = s.WechatFileNamed(ctx, name)
			wantCode(t, err, core.CodeNotFound)
		}
		if list, err := s.WechatFiles(ctx); err != nil || len(list) != 1 || list[0].Name != f.Name {
			t.Errorf("%+v, %v", list, err)
		}
		wantCode(t, s.RemoveWechatFile(ctx, core.Actor{Kind: core.ActorAccount, ID: 7}, id), core.CodeForbidden)
		if err := s.RemoveWechatFile(ctx, core.System, id); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.RemoveWechatFile(ctx, core.System, id), core.CodeNotFound)
		_, err = s.WechatFileNamed(ctx, f.Name)
		wantCode(t, err, core.CodeNotFound)
	})
}
