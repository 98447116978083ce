PRAGMA application_id = 1869639779;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE changes (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            tenant TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
            UNIQUE (tenant, kind, id, version),
            FOREIGN KEY (tenant, kind, id) REFERENCES records
        ) STRICT
        ;
INSERT INTO "changes" VALUES(1,'main','opportunity','d-1',1,'{"opened":{"record":{"amount":{"amount":"1250.5","currency":"EUR"},"id":"d-1","name":"Mills","progress":{"changed_at":"2026-03-02T09:00:00.000000Z","entered_at":"2026-03-02T09:00:00.000000Z","opened_at":"2026-03-02T09:00:00.000000Z","pipeline":"new-business","recorded_at":"2026-03-02T09:00:00.000000Z","stage":"qualified","version":1},"team":{"owner_id":"ann"}},"stamp":{"at":"2026-03-02T09:00:00.000000Z","pipeline":"new-business","record_id":"d-1","recorded_at":"2026-03-02T09:00:00.000000Z","revision":1,"rules":["flow.open"],"version":1}},"schema":1}');
INSERT INTO "changes" VALUES(2,'main','opportunity','d-1',2,'{"moved":{"directions":["advance"],"forecast_category":"pipeline","source":{"outcome":"open","stage":"qualified"},"stamp":{"at":"2026-03-03T09:00:00.000000Z","pipeline":"new-business","record_id":"d-1","recorded_at":"2026-03-03T09:00:00.000000Z","revision":1,"rules":["flow.advance","stages.offered.entry[0]"],"version":2},"target":{"outcome":"open","stage":"offered"}},"schema":1}');
INSERT INTO "changes" VALUES(3,'main','opportunity','d-2',1,'{"opened":{"record":{"id":"d-2","name":"客户","progress":{"changed_at":"2026-03-02T09:00:00.000000Z","entered_at":"2026-03-02T09:00:00.000000Z","opened_at":"2026-03-02T09:00:00.000000Z","pipeline":"new-business","recorded_at":"2026-03-02T09:00:00.000000Z","stage":"qualified","version":1}},"stamp":{"at":"2026-03-02T09:00:00.000000Z","pipeline":"new-business","record_id":"d-2","recorded_at":"2026-03-02T09:00:00.000000Z","revision":1,"rules":["flow.open"],"version":1}},"schema":1}');
INSERT INTO "changes" VALUES(4,'main','opportunity','d-2',2,'{"removed":{"stamp":{"at":"2026-03-03T09:00:00.000000Z","pipeline":"new-business","record_id":"d-2","recorded_at":"2026-03-03T09:00:00.000000Z","revision":1,"rules":["permissions.remove"],"version":2}},"schema":1}');
INSERT INTO "changes" VALUES(5,'main','lead','l-1',1,'{"opened":{"record":{"lead":{"company":{"company":"Acme"},"id":"l-1","progress":{"changed_at":"2026-03-02T09:00:00.000000Z","entered_at":"2026-03-02T09:00:00.000000Z","opened_at":"2026-03-02T09:00:00.000000Z","pipeline":"leads","recorded_at":"2026-03-02T09:00:00.000000Z","stage":"new","version":1}}},"stamp":{"at":"2026-03-02T09:00:00.000000Z","kind":"lead","pipeline":"leads","record_id":"l-1","recorded_at":"2026-03-02T09:00:00.000000Z","revision":1,"rules":["flow.open"],"version":1}},"schema":1}');
INSERT INTO "changes" VALUES(6,'main','lead','l-2',1,'{"opened":{"record":{"lead":{"company":{"company":"Bcme"},"id":"l-2","progress":{"changed_at":"2026-03-02T09:00:00.000000Z","entered_at":"2026-03-02T09:00:00.000000Z","opened_at":"2026-03-02T09:00:00.000000Z","pipeline":"leads","recorded_at":"2026-03-02T09:00:00.000000Z","stage":"new","version":1}}},"stamp":{"at":"2026-03-02T09:00:00.000000Z","kind":"lead","pipeline":"leads","record_id":"l-2","recorded_at":"2026-03-02T09:00:00.000000Z","revision":1,"rules":["flow.open"],"version":1}},"schema":1}');
INSERT INTO "changes" VALUES(7,'main','lead','l-2',2,'{"removed":{"stamp":{"at":"2026-03-04T09:00:00.000000Z","kind":"lead","pipeline":"leads","record_id":"l-2","recorded_at":"2026-03-04T09:00:00.000000Z","revision":1,"rules":["permissions.remove"],"version":2}},"schema":1}');
INSERT INTO "changes" VALUES(8,'other','opportunity','d-1',1,'{"opened":{"record":{"id":"d-1","name":"Other","progress":{"changed_at":"2026-03-02T09:00:00.000000Z","entered_at":"2026-03-02T09:00:00.000000Z","opened_at":"2026-03-02T09:00:00.000000Z","pipeline":"new-business","recorded_at":"2026-03-02T09:00:00.000000Z","stage":"qualified","version":1}},"stamp":{"at":"2026-03-02T09:00:00.000000Z","pipeline":"new-business","record_id":"d-1","recorded_at":"2026-03-02T09:00:00.000000Z","revision":1,"rules":["flow.open"],"version":1}},"schema":1}');
CREATE TABLE commands (
            tenant TEXT NOT NULL, command_id TEXT NOT NULL, digest TEXT NOT NULL, written TEXT NOT NULL,
            PRIMARY KEY (tenant, command_id)
        ) STRICT, WITHOUT ROWID
        ;
INSERT INTO "commands" VALUES('main','c-1','0b79cc117809360889bf3ef0f4e61b2e2a86b2ec3260ae94a8bc3ce66991a1b8','[["opportunity", "d-1", 0, 1]]');
INSERT INTO "commands" VALUES('main','c-2','0b0c15a24e2ad70aedb86c7c9e0e21c6a1dd1d5278d0a79cd04a2c7233b4f678','[["opportunity", "d-1", 1, 2]]');
CREATE TABLE records (
            tenant TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
            pipeline TEXT, stage TEXT, outcome TEXT, owner_id TEXT, changed_at TEXT NOT NULL, body TEXT, removed INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (tenant, kind, id)
        ) STRICT
        ;
INSERT INTO "records" VALUES('main','pipeline','new-business',1,NULL,NULL,NULL,NULL,'','{"pipeline":{"currency":"EUR","key":"new-business","permissions":{"remove":{}},"stages":[{"key":"qualified","kind":"open"},{"entry":[{"present":"name"}],"key":"offered","kind":"open"},{"key":"won","kind":"won"}]},"schema":1}',0);
INSERT INTO "records" VALUES('main','pipeline','leads',1,NULL,NULL,NULL,NULL,'','{"pipeline":{"key":"leads","kind":"lead","permissions":{"remove":{}},"stages":[{"key":"new","kind":"open"},{"key":"converted","kind":"won"}]},"schema":1}',0);
INSERT INTO "records" VALUES('main','opportunity','d-1',2,'new-business','offered','open','ann','2026-03-03T09:00:00.000000Z','{"opportunity":{"amount":{"amount":"1250.5","currency":"EUR"},"id":"d-1","name":"Mills","progress":{"changed_at":"2026-03-03T09:00:00.000000Z","entered_at":"2026-03-03T09:00:00.000000Z","opened_at":"2026-03-02T09:00:00.000000Z","pipeline":"new-business","recorded_at":"2026-03-03T09:00:00.000000Z","stage":"offered","version":2},"team":{"owner_id":"ann"}},"schema":1}',0);
INSERT INTO "records" VALUES('main','opportunity','d-2',2,'new-business','qualified','open',NULL,'2026-03-03T09:00:00.000000Z','{"opportunity":{"id":"d-2","name":"客户","progress":{"changed_at":"2026-03-03T09:00:00.000000Z","entered_at":"2026-03-02T09:00:00.000000Z","opened_at":"2026-03-02T09:00:00.000000Z","pipeline":"new-business","recorded_at":"2026-03-03T09:00:00.000000Z","removal":{"at":"2026-03-03T09:00:00.000000Z"},"stage":"qualified","version":2}},"schema":1}',1);
INSERT INTO "records" VALUES('main','lead','l-1',1,'leads','new','open',NULL,'2026-03-02T09:00:00.000000Z','{"lead":{"company":{"company":"Acme"},"id":"l-1","progress":{"changed_at":"2026-03-02T09:00:00.000000Z","entered_at":"2026-03-02T09:00:00.000000Z","opened_at":"2026-03-02T09:00:00.000000Z","pipeline":"leads","recorded_at":"2026-03-02T09:00:00.000000Z","stage":"new","version":1}},"schema":1}',0);
INSERT INTO "records" VALUES('main','lead','l-2',2,'leads','new','open',NULL,'2026-03-04T09:00:00.000000Z','{"lead":{"company":{"company":"Bcme"},"id":"l-2","progress":{"changed_at":"2026-03-04T09:00:00.000000Z","entered_at":"2026-03-02T09:00:00.000000Z","opened_at":"2026-03-02T09:00:00.000000Z","pipeline":"leads","recorded_at":"2026-03-04T09:00:00.000000Z","removal":{"at":"2026-03-04T09:00:00.000000Z"},"stage":"new","version":2}},"schema":1}',1);
INSERT INTO "records" VALUES('other','pipeline','new-business',1,NULL,NULL,NULL,NULL,'','{"pipeline":{"currency":"EUR","key":"new-business","permissions":{"remove":{}},"stages":[{"key":"qualified","kind":"open"},{"entry":[{"present":"name"}],"key":"offered","kind":"open"},{"key":"won","kind":"won"}]},"schema":1}',0);
INSERT INTO "records" VALUES('other','opportunity','d-1',1,'new-business','qualified','open',NULL,'2026-03-02T09:00:00.000000Z','{"opportunity":{"id":"d-1","name":"Other","progress":{"changed_at":"2026-03-02T09:00:00.000000Z","entered_at":"2026-03-02T09:00:00.000000Z","opened_at":"2026-03-02T09:00:00.000000Z","pipeline":"new-business","recorded_at":"2026-03-02T09:00:00.000000Z","stage":"qualified","version":1}},"schema":1}',0);
INSERT INTO "records" VALUES('main','guard','owner:ann',1,NULL,NULL,NULL,NULL,'',NULL,0);
CREATE INDEX records_by_change ON records (tenant, kind, changed_at, id);
CREATE INDEX records_by_stage ON records (tenant, kind, pipeline, stage, changed_at, id);
CREATE INDEX records_by_owner ON records (tenant, kind, owner_id, changed_at, id);
CREATE INDEX changes_by_tenant ON changes (tenant, position);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('changes',8);
COMMIT;
