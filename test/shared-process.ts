/** Runs the test files that `all.ts` has chosen to share a process, one after the other. */
for (const path of (process.env['SHARED_TEST_FILES'] ?? '').split(' ')) await import(`./${path}`);
