package store

import (
	"context"
	"fmt"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
)

// PlanStaffImport completes the lines of an import list: what is wrong with each in this scope. It changes
// nothing.
func (s *Store) PlanStaffImport(ctx context.Context, scope core.Scope, lines []core.StaffLine) ([]core.StaffLine, error) {
	planned, err := planStaff(s.allOf(ctx), s.db.Keys(), scope, lines)
	return planned, database.Wrap("plan an import of staff", err)
}

// planStaff finds the communities of lines, and numbers that are there twice.
func planStaff(
	all readAll, keys database.Keyring, scope core.Scope, lines []core.StaffLine,
) ([]core.StaffLine, error) {
	var communities []struct {
		ID   core.ID `db:"id"`
		Name string  `db:"name"`
	}
	where := database.Within(scope, "id")
	where.And("archived_at IS NULL")
	if err := all(&communities, "SELECT id, name FROM community WHERE "+where.Text(), where.Args()...); err != nil {
		return nil, err
	}
	byName := map[string]core.ID{}
	for _, c := range communities {
		byName[core.FoldName(c.Name)] = c.ID
	}
	held, err := heldPhones(all, keys, lines)
	if err != nil {
		return nil, err
	}
	planned, seen := make([]core.StaffLine, len(lines)), map[string]int{}
	for i, line := range lines {
		line.Wrong = append([]string(nil), line.Wrong...)
		line.Staff.Communities = nil
		for _, name := range line.Communities {
			id, ok := byName[core.FoldName(name)]
			if !ok {
				line.Wrong = append(line.Wrong, "没有小区“"+name+"”")
				continue
			}
			line.Staff.Communities = append(line.Staff.Communities, id)
		}
		if phone := line.Staff.Phone; phone != "" {
			if first := seen[phone]; first != 0 {
				line.Wrong = append(line.Wrong, fmt.Sprintf("手机号与第 %d 行相同", first))
			} else {
				seen[phone] = line.Number
			}
			if name := held[keys.Digest("phone", phone)]; name != "" {
				line.Wrong = append(line.Wrong, "手机号已是员工“"+name+"”")
			}
		}
		planned[i] = line
	}
	return planned, nil
}

// heldPhones returns whose the numbers of lines already are, by digest.
func heldPhones(
	all readAll, keys database.Keyring, lines []core.StaffLine,
) (map[string]string, error) {
	var macs []any
	for _, line := range lines {
		if line.Staff.Phone != "" {
			macs = append(macs, keys.Digest("phone", line.Staff.Phone))
		}
	}
	held := map[string]string{}
	err := database.EachPart(macs, func(part []any) error {
		var rows []struct {
			Mac  string `db:"phone_mac"`
			Name string `db:"name"`
		}
		err := all(&rows, "SELECT phone_mac, name FROM staff WHERE left_at IS NULL AND phone_mac IN ("+
			database.Placeholders(len(part))+")", part...)
		for _, r := range rows {
			held[r.Mac] = r.Name
		}
		return err
	})
	return held, err
}

// staffImportAudit is what the audit log records of an import.
type staffImportAudit struct {
	Count int `json:"count"`
}

// ImportStaff adds all staff of a list, or none: if a line is wrong by now, it is Invalid.
func (s *Store) ImportStaff(ctx context.Context, by core.Actor, scope core.Scope, lines []core.StaffLine) (n int, err error) {
	if len(lines) == 0 || len(lines) > core.MaxStaffImport {
		return 0, core.Invalid(fmt.Sprintf("一次导入 1 至 %d 名员工", core.MaxStaffImport))
	}
	err = s.db.Write(ctx, "import staff", func(tx *database.Tx) error {
		ids := make([]core.ID, len(lines))
		for i := range ids {
			ids[i] = tx.NewID()
		}
		// The audit row's lock makes imports run one after another, so that they see each other's numbers.
		if err := audit.Write(tx, by, audit.Entry{
			Action: "staff.import", Community: actCommunity(scope, 0), Subject: audit.Target("staff", ids[0]),
			After: staffImportAudit{len(lines)},
		}); err != nil {
			return err
		}
		planned, err := planStaff(tx.All, tx.Keys(), scope, lines)
		if err != nil {
			return err
		}
		for _, line := range planned {
			if len(line.Wrong) > 0 {
				return core.InvalidFields(map[string]string{"list": fmt.Sprintf("第 %d 行：%s", line.Number, line.Wrong[0])})
			}
		}
		n = len(planned)
		return importStaff(tx, ids, planned)
	})
	return n, err
}

func importStaff(tx *database.Tx, ids []core.ID, lines []core.StaffLine) error {
	known := map[string]core.ID{}
	for i, line := range lines {
		m := line.Staff
		m.ID = ids[i]
		for _, path := range line.Departments {
			key := fmt.Sprint(path)
			if known[key] == 0 {
				id, err := departmentOf(tx, path)
				if err != nil {
					return err
				}
				known[key] = id
			}
			m.Departments = append(m.Departments, known[key])
		}
		if err := insertStaff(tx, m); err != nil {
			return err
		}
	}
	return nil
}
