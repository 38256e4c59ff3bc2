package main

import (
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
	"tongxing/testkit/hygiene"
)

// importing is an office whose account imports lists, and the runner of its jobs.
type importing struct {
	*jobRunner
	t         *testing.T
	by        core.Actor
	community core.ID
}

func newImporting(t *testing.T) importing {
	t.Helper()
	s := estate.Store(t, store.Options{})
	id, err := s.CreateAccount(t.Context(), core.SystemGranter, core.Account{
		Login: "zhou", Name: "周敏", Role: core.RoleClerk, Scope: core.Everywhere,
		Permissions: []core.Permission{core.PermResidentEdit, core.PermHouseEdit},
	}, "horse-battery-7")
	if err != nil {
		t.Fatal(err)
	}
	by := core.Actor{Kind: core.ActorAccount, ID: id, Name: "周敏"}
	community, err := s.CreateCommunity(t.Context(), core.System, core.Community{Name: "翠湖花园", Levels: core.DefaultLevels()})
	if err != nil {
		t.Fatal(err)
	}
	return importing{newJobRunner(s, hygiene.Logger(t)), t, by, community}
}

// read uploads a list and lets its job run.
func (o importing) read(list string) core.Import {
	o.t.Helper()
	imp, err := o.store.CreateImport(o.t.Context(), o.by, core.Everywhere, store.NewImport{
		Community: o.community, Kind: core.ImportResidents, File: "王家.csv", Content: []byte(list),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return o.run(imp.ID)
}

func (o importing) run(id core.ID) core.Import {
	o.t.Helper()
	if err := o.runAll(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	imp, err := o.store.Import(o.t.Context(), core.Everywhere, id)
	if err != nil {
		o.t.Fatal(err)
	}
	return imp
}

// write starts the writing of an import and lets its job run.
func (o importing) write(imp core.Import, choices core.ImportChoices) core.Import {
	o.t.Helper()
	if err := o.store.WriteImport(o.t.Context(), o.by, core.Everywhere, imp.ID, choices, imp.Updated.UnixMilli()); err != nil {
		o.t.Fatal(err)
	}
	return o.run(imp.ID)
}

// Who has closed the page is told what came of an import, not that its job is over: the bell names the file, which what
// leaves the console does not. The job of an import that has failed has failed.
func TestTheEndOfAnImportIsTold(t *testing.T) {
	const head, good = "姓名,身份,手机,栋,单元,房间\n", "赵一,业主,13711110001,1,1,101\n"
	all := core.DefaultImportChoices()
	all.All = true
	for name, test := range map[string]struct {
		act           func(o importing) core.Import
		bell, message string
		state         core.JobState
	}{
		"columns to be told": {
			func(o importing) core.Import { return o.read("甲,乙,丙\n1,2,3\n") },
			"王家.csv：请对应文件的列", "导入：请对应文件的列", core.JobDone,
		},
		"rows to be looked at": {
			func(o importing) core.Import { return o.read(head + good + "钱二,业主,137,1,1,102\n") },
			"王家.csv：已读取 2 行，1 行有错误，请核对后导入", "导入：已读取 2 行，1 行有错误，请核对后导入", core.JobDone,
		},
		"no list": {
			func(o importing) core.Import { return o.read(head) },
			"王家.csv：读取导入文件失败，表头下面没有内容，请填写后重新上传", "读取导入文件：失败", core.JobFailed,
		},
		"written but for an error": {
			func(o importing) core.Import {
				return o.write(o.read(head+good+"钱二,业主,137,1,1,102\n"), core.DefaultImportChoices())
			},
			"王家.csv：添加 1 名住户、1 套房屋，1 行没有导入", "导入：添加 1 名住户、1 套房屋，1 行没有导入", core.JobDone,
		},
		"all taken back": {
			func(o importing) core.Import {
				first := o.write(o.read(head+good), core.DefaultImportChoices())
				second := o.read(head + "赵一,家属,13711110001,1,1,101\n孙三,业主,13711110003,2,1,101\n")
				if err := o.store.UndoImport(o.t.Context(), o.by, core.Everywhere, first.ID); err != nil {
					o.t.Fatal(err)
				}
				o.run(first.ID)
				return o.write(second, all)
			},
			"王家.csv：导入失败，预览之后登记有变化，有的行不能导入；已全部撤销", "导入：失败", core.JobFailed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newImporting(t)
			imp := test.act(o)
			notices, _, err := o.store.Notices(t.Context(), o.by.ID)
			if err != nil || len(notices) == 0 || notices[0].Title != test.bell || notices[0].Link != "import/"+imp.ID.String() {
				t.Errorf("the bell: %+v, %v", notices, err)
			}
			told, _, err := o.store.Messages(t.Context(), core.Everywhere, core.MessageFilter{}, store.Page{Limit: 9})
			if err != nil || len(told) == 0 || told[0].Title != test.message || strings.Contains(told[0].Title, imp.File) {
				t.Errorf("told %+v, %v", told, err)
			}
			if job, err := o.store.ImportJob(t.Context(), imp); err != nil || job.State != test.state {
				t.Errorf("the job: %+v, %v", job, err)
			}
		})
	}
}
