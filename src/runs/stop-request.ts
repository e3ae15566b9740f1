/** How the training thread is asked to end. It is never terminated: that would abort the process while a native step is under way. */
export const stopRequest = { none: 0, save: 1, abandon: 2 } as const;
